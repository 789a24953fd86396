from __future__ import annotations

import os
from pathlib import Path

from tests.pipeline import forked


def test_a_command_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    done = forked.dbt(["parse"], os.environ, tmp_path, seconds=0.01)
    assert done.returncode == forked.TIMED_OUT
    assert done.stdout.endswith("killed after 0 s")
