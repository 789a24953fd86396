"""One procedure in an isolated interpreter: `python -I interpreter.py < asked.json`.

What can be imported is the standard library, the packages that the procedure declares with what
they require, and its staged files. Prints what `main` returns after a record separator.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from isolation import forget_this_project, hide_undeclared, resolve


def import_paths(imports: Sequence[str]) -> list[str]:
    """Say where staged imports are found: in archives, and in one folder of all other files."""
    folder = Path(tempfile.mkdtemp())
    for file in imports:
        if not file.endswith(".zip"):
            shutil.copy(file, folder)
    return [file for file in imports if file.endswith(".zip")] + [str(folder)]


def connect(asked: Mapping[str, Any]) -> Any:
    """Join the caller's session, which goes on afterwards."""
    from snowflake.snowpark import Session

    return Session.builder.configs(
        {
            "account": "local", "protocol": "http", "host": "127.0.0.1", "port": asked["port"],
            "session_token": asked["token"], "master_token": asked["token"],
            "server_session_keep_alive": True, "network_timeout": 60, **asked["session"],
        }
    ).create()  # fmt: skip


def load_frames_directly() -> None:
    """Let pandas frames reach the account as one Parquet file.

    Snowpark stages a file and copies it; the stand-in reads the file where it is. Snowflake makes
    quoted, case-sensitive columns of lower-case names; that is refused here, as it would go wrong.
    """
    from snowflake.snowpark import session as snowpark

    def write_pandas(
        connection: Any,
        frame: Any,
        table_name: str,
        database: str | None = None,
        schema: str | None = None,
        **_: object,
    ) -> tuple[bool, int, int, list[Any]]:
        quoted = [str(name) for name in frame.columns if str(name) != str(name).upper()]
        if quoted:
            raise ValueError(f"columns {quoted} would become case-sensitive: use upper case")
        names = [name for name in (database, schema, table_name) if name]
        relation = ".".join('"' + name.strip('"') + '"' for name in names)
        file = Path(tempfile.mkdtemp()) / "frame.parquet"
        frame.to_parquet(file, index=False, coerce_timestamps="us", allow_truncated_timestamps=True)
        connection.cursor().execute(f"-- load\nINSERT INTO {relation} FROM '{file}'")
        return True, 1, len(frame), [(str(file), "LOADED", len(frame), len(frame), 1, 0)]

    snowpark.write_pandas = write_pandas  # pyright: ignore[reportPrivateImportUsage]


def main() -> None:
    """Run the procedure that standard input asks for."""
    asked = json.load(sys.stdin)
    try:
        known = resolve([*asked["packages"], "snowflake-snowpark-python"])
    except LookupError as error:
        sys.exit(f"Cannot create a Python function: package {error.args[0]!r} is not available.")
    # Before anything else is imported: what Snowpark finds by chance is not there either.
    hide_undeclared(known)
    session = connect(asked)
    load_frames_directly()
    forget_this_project()
    sys.path[:0] = import_paths(asked["imports"])
    sys._xoptions["snowflake_partner_attribution"] = []  # pyright: ignore
    scope: dict[str, Any] = {"__name__": "_udf_code"}
    exec(compile(asked["body"], "_udf_code.py", "exec"), scope)
    returned = scope["main"](session)
    print(f"\x1e{returned}", end="")


if __name__ == "__main__":
    main()
