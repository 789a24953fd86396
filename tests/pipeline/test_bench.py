"""What the measurements say where something fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from bench import engines


@pytest.mark.parametrize(("codes", "fails"), [([0, 0], False), ([1, 0], True), ([0, 1], True)])
def test_a_build_that_fails_is_printed_and_ends_with_an_error(
    codes: list[int],
    fails: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    left = list(codes)

    def dbt(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], left.pop(0), "Done. PASS=1")

    @contextmanager
    def loaded(*_: object) -> Iterator[tuple[Any, None]]:
        yield SimpleNamespace(dbt=dbt), None

    monkeypatch.setattr(engines, "loaded", loaded)
    monkeypatch.setattr(sys, "argv", ["engines.py", "duckdb"])
    if fails:
        with pytest.raises(SystemExit, match="1"):
            engines.main()
    else:
        engines.main()
    assert capsys.readouterr().out.count("PASS=1") == 2
