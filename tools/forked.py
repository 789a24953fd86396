"""The dbt command, in processes forked from one that has imported dbt and read the project already.

These two are most of what a short run takes.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import NamedTemporaryFile

# None of these starts a thread or reads the environment when it is imported. What Python models
# import (NumPy, pandas, xgboost) does, and is left to each process.
IMPORTED = ["dbt.cli.main", "dbt.adapters.duckdb", "databricks.sdk", "tools.parsed"]
TIMED_OUT = 124


def dbt(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float = 1800
) -> subprocess.CompletedProcess[str]:
    """Run `dbt`; what it prints, to either stream, is in `.stdout`.

    Parameters
    ----------
    arguments
        What follows the command's name.
    environment
        All of its variables.
    folder
        Where it runs.
    seconds
        How long it may take; then it is killed, and its exit code is that of `timeout`, 124.
    """
    with NamedTemporaryFile() as output:
        process = server().Process(
            target=_run, args=(list(arguments), dict(environment), str(folder), output.name)
        )
        process.start()
        process.join(seconds)
        late = process.is_alive()
        if late:
            process.kill()
            process.join()
        printed = Path(output.name).read_text()
    code = TIMED_OUT if late else process.exitcode or 0
    said = f"{printed}\nkilled after {seconds:.0f} s" if late else printed
    return subprocess.CompletedProcess(["dbt", *arguments], code, said)


def server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def _run(arguments: list[str], environment: dict[str, str], folder: str, output: str) -> None:
    file = os.open(output, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    warnings.simplefilter("ignore")
    random.seed()
    sys.argv = ["dbt", *arguments]

    from dbt.cli.main import cli

    try:
        cli()
    finally:
        # As at an interpreter's end, which a forked process does not come to: dbt-duckdb closes
        # the database there, so that all is in its file.
        atexit._run_exitfuncs()
