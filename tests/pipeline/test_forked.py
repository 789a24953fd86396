from __future__ import annotations

import os
from pathlib import Path

from dbt_common.clients import jinja

from tools import forked


def test_a_command_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    done = forked.dbt(["parse"], os.environ, tmp_path, seconds=0.01)
    assert done.returncode == forked.TIMED_OUT
    assert done.stdout.endswith("killed after 0 s")


def kept(path: str) -> None:
    Path(path).write_text(str(len(jinja._TESTING_PARSE_CACHE)))


def test_a_command_inherits_the_project_as_it_was_read_once(tmp_path: Path) -> None:
    said = tmp_path / "said"
    process = forked.server().Process(target=kept, args=(str(said),))
    process.start()
    process.join(60)
    assert int(said.read_text()) > 1_000
