"""PUT, GET, REMOVE and COPY FILES on internal stages.

The client moves the files of PUT and GET itself; the server only says where the stage lies. Here
that is a folder of this machine, as fakesnow's own stages are, so LIST and COPY INTO go on to it.
A Git repository object is a stage by another name: its files are read, never written.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from fakesnow.transforms import stage
from snowflake.connector.errors import ProgrammingError

from tests.emulators.comments import LEADING

_PUT = re.compile(
    rf"^{LEADING}put\s+'?file://(?P<source>[^']+?)'?\s+'?(?P<stage>@[^'\s]+)'?(?P<options>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_GET = re.compile(
    rf"^{LEADING}get\s+'?(?P<stage>@[^'\s]+)'?\s+'?file://(?P<target>[^'\s]+)'?(?P<options>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_REMOVE = re.compile(rf"^{LEADING}(?:remove|rm)\s+'?(?P<stage>@[^'\s;]+)'?\s*;?\s*$", re.IGNORECASE)
_COPY = re.compile(
    rf"^{LEADING}copy\s+files\s+into\s+'?(?P<target>@[^'\s]+)'?\s+from\s+'?(?P<source>@[^'\s;]+)'?"
    r"(?:\s+files\s*=\s*\((?P<files>[^)]*)\))?\s*;?\s*$",
    re.IGNORECASE,
)


def transfer(sql: str, database: str, schema: str) -> dict[str, Any] | None:
    """Return what the client needs for a PUT or GET; None where the statement is neither."""
    if found := _PUT.match(sql):
        folder = locate(found["stage"], database, schema)
        folder.mkdir(parents=True, exist_ok=True)
        return {
            **_command("UPLOAD", folder),
            "src_locations": [found["source"]],
            "autoCompress": not _says(found["options"], "auto_compress", "false"),
            "sourceCompression": "auto_detect",
            "overwrite": _says(found["options"], "overwrite", "true"),
        }
    if found := _GET.match(sql):
        path = locate(found["stage"], database, schema)
        folder, names = (path.parent, [path.name]) if path.is_file() else (path, _names(path))
        return {
            **_command("DOWNLOAD", folder),
            "src_locations": names,
            "localLocation": found["target"],
            "encryptionMaterial": [None] * len(names),
        }
    return None


def change(sql: str, database: str, schema: str) -> list[str] | None:
    """Carry out REMOVE or COPY FILES, and name the files; None where it is neither."""
    if found := _REMOVE.match(sql):
        path = locate(found["stage"], database, schema)
        gone = [path.name] if path.is_file() else _names(path)
        if path.is_file():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)
        return gone
    if found := _COPY.match(sql):
        source = locate(found["source"], database, schema)
        target = locate(found["target"], database, schema)
        wanted = re.findall(r"'([^']*)'", found["files"] or "")
        names = [name for name in _names(source) if name in wanted or found["files"] is None]
        if not names:
            raise ProgrammingError(
                msg=f"Remote file '{found['source']}' was not found.",
                errno=391548,
                sqlstate="42601",
            )
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, target / name)
        return names
    return None


def locate(name: str, database: str, schema: str) -> Path:
    """Find the folder or file behind `@database.schema.stage/path`."""
    where, _, path = name.lstrip("@").partition("/")
    parts = [part.strip('"').upper() for part in where.split(".")]
    parts = [database, schema][: 3 - len(parts)] + parts
    return Path(stage.internal_dir(".".join(parts), path))


def _names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def _command(command: str, folder: Path) -> dict[str, Any]:
    info = {"locationType": "LOCAL_FS", "location": str(folder), "creds": {}}
    return {"command": command, "stageInfo": info, "parallel": 4}


def _says(options: str, key: str, value: str) -> bool:
    return re.search(rf"\b{key}\s*=\s*{value}\b", options, re.IGNORECASE) is not None
