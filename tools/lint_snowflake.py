"""`sqlfluff lint models` for Snowflake's dialect, through the stand-in: `make lint-snowflake`.

dbt's templater compiles a model for the target that it is connected to, and models ask for the
columns of the events: hence an account with some.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tools.project import ROOT
from tools.stand_ins import running
from tools.warehouses import SnowflakeProject, simulated

CONFIG = """
[sqlfluff]
dialect = snowflake

[sqlfluff:templater:dbt]
profiles_dir = {folder}
target = snowflake
"""


def main(*paths: str) -> int:
    """Lint models, all where none is named; returns sqlfluff's exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = simulated(folder / "simulated", "json", 1000, days=30)
        (folder / "sqlfluff.cfg").write_text(CONFIG.format(folder=folder / "project"))
        with running("snowflake", folder / "server.log") as port:
            SnowflakeProject(folder / "project", port=port).load_events(events)
            sqlfluff = Path(sys.executable).with_name("sqlfluff")
            command = [sqlfluff, "lint", "--config", folder / "sqlfluff.cfg", *paths]
            return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or ["models"])))
