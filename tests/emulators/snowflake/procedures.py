"""Python stored procedures: each runs in an interpreter of its own, as on a warehouse node."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path

from packaging.specifiers import SpecifierSet
from snowflake.connector.errors import ProgrammingError

from tests.emulators.snowflake import stages
from tests.emulators.snowflake.enforcement import Session
from tests.emulators.snowflake.statements import Procedure
from tools.stand_ins import isolated

INTERPRETER = Path(__file__).with_name("interpreter.py")
_PROJECT = Path(__file__).parents[3] / "pyproject.toml"
# It runs on the interpreter of the tests; one that `ml` does not run on is refused all the same.
PYTHON = SpecifierSet(tomllib.loads(_PROJECT.read_text())["project"]["requires-python"])


def run(procedure: Procedure, *, port: int, token: str, caller: Session) -> str:
    """Run a procedure and return what its `main` returned.

    Parameters
    ----------
    procedure
        What to run.
    port
        Where this account is served; the procedure connects to it.
    token, caller
        The session that it runs in: that of its caller.

    Raises
    ------
    snowflake.connector.errors.ProgrammingError
        The version of Python is none that this project runs on, a staged import is absent, a
        package is unknown, or the procedure raised; with the traceback that Snowflake would show.
    """
    if procedure.python not in PYTHON:
        raise ProgrammingError(
            msg=f"runtime_version: Python {procedure.python or 'of no version'} is asked for; "
            f"this stand-in runs {PYTHON}",
            errno=391546,
            sqlstate="42601",
        )
    asked = {
        "body": procedure.body,
        "imports": [
            str(_staged(name, caller.database, caller.schema)) for name in procedure.imports
        ],
        "packages": procedure.packages,
        "port": port,
        "token": token,
        "session": asdict(caller),
    }
    done = isolated(INTERPRETER, asked)
    if done.returncode:
        raise ProgrammingError(
            msg=f"Python Interpreter Error:\n{done.stderr[-8000:].strip()}\n in function main",
            errno=100357,
            sqlstate="P0000",
        )
    return done.stdout.rsplit("\x1e", 1)[-1]


def _staged(name: str, database: str, schema: str) -> Path:
    file = stages.locate(name, database, schema)
    if not file.is_file():
        raise ProgrammingError(
            msg=f"Remote file '{name}' was not found.", errno=391548, sqlstate="42601"
        )
    return file
