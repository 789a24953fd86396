"""One procedure in an isolated interpreter: `python -I interpreter.py < asked.json`.

What can be imported is the standard library, the packages that the procedure declares with what
they require, and its staged files. Prints what `main` returns after a record separator.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

# pandas as Snowflake's channel has it brings these.
_EXTRA = {"pandas": ["pyarrow"], "snowflake-snowpark-python": ["cloudpickle", "pyyaml"]}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _project(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.\-]+", requirement)
    return _canonical(found[0]) if found else ""


def resolve(packages: Sequence[str]) -> set[str]:
    """Return the declared packages and all that they require, by canonical name.

    Raises
    ------
    SystemExit
        A declared package is not installed here.
    """
    known: set[str] = set()
    declared = {_project(name) for name in packages}
    left = sorted(declared)
    while left:
        name = left.pop()
        if name in known:
            continue
        try:
            requires = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            # xgboost is installed as xgboost-cpu here: the same release, without CUDA.
            if name == "xgboost":
                known.add(name)
                left.append("xgboost-cpu")
                continue
            if name in declared:
                sys.exit(f"Cannot create a Python function: package '{name}' is not available.")
            continue
        known.add(name)
        left += _EXTRA.get(name, [])
        left += [_project(line) for line in requires if "extra ==" not in line]
    return known


class OnlyDeclared(MetaPathFinder):
    """Refuses modules of installed packages that were not declared."""

    def __init__(self, known: set[str], homes: Mapping[str, Sequence[str]]) -> None:
        self._known = known
        self._homes = homes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Leave a module to others, or raise ModuleNotFoundError."""
        homes = {_canonical(name) for name in self._homes.get(fullname.split(".")[0], [])}
        if homes and not homes & self._known:
            raise ModuleNotFoundError(
                f"No module named '{fullname}' (not in PACKAGES)", name=fullname
            )


def import_paths(imports: Sequence[str]) -> list[str]:
    """Say where staged imports are found: in archives, and in one folder of all other files."""
    folder = Path(tempfile.mkdtemp())
    for file in imports:
        if not file.endswith(".zip"):
            shutil.copy(file, folder)
    return [file for file in imports if file.endswith(".zip")] + [str(folder)]


def _standard(entry: str) -> bool:
    return Path(entry).resolve().is_relative_to(Path(sys.base_prefix).resolve())


def connect(asked: Mapping[str, Any]) -> Any:
    """Open the caller's session."""
    from snowflake.snowpark import Session

    return Session.builder.configs(
        {
            "account": "local", "user": "procedure", "password": "none", "protocol": "http",
            "host": "127.0.0.1", "port": asked["port"], "database": asked["database"],
            "schema": asked["schema"], "network_timeout": 60,
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
    known = resolve([*asked["packages"], "snowflake-snowpark-python"])
    homes = importlib.metadata.packages_distributions()
    # Before anything else is imported: what Snowpark finds by chance is not there either.
    sys.meta_path.insert(0, OnlyDeclared(known, homes))
    session = connect(asked)
    load_frames_directly()
    # An editable installation puts the project itself on the path.
    sys.path[:] = [entry for entry in sys.path if "site-packages" in entry or _standard(entry)]
    sys.path[:0] = import_paths(asked["imports"])
    sys._xoptions["snowflake_partner_attribution"] = []  # pyright: ignore
    scope: dict[str, Any] = {"__name__": "_udf_code"}
    exec(compile(asked["body"], "_udf_code.py", "exec"), scope)
    returned = scope["main"](session)
    print(f"\x1e{returned}", end="")


if __name__ == "__main__":
    main()
