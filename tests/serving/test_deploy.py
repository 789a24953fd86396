"""The files that run it elsewhere, by their own linters."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not made for this machine")
def test_the_container_file_passes_hadolint():
    done = subprocess.run(
        [HADOLINT, "--no-color", DEPLOY / "Containerfile"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_passes_systemd_analyze(tmp_path: Path):
    unit = (DEPLOY / "cdp-serve.service").read_text()
    # The program has to exist for the check, and is not installed there.
    program = "/opt/cdp/.venv/bin/cdp"
    assert program in unit
    here = tmp_path / "cdp-serve.service"
    here.write_text(unit.replace(program, str(Path(sys.executable).with_name("cdp"))))
    done = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
