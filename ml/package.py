"""What `ml` consists of: its content hash, and the manifest that dbt deploys it by.

dbt cannot read files, so `macros/deploy/ml_manifest.sql` tells it the folders and the hash. It is
written by `make format` and the commit hook, and `make lint` fails where it is out of date.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

MANIFEST = Path(__file__).resolve().parents[1] / "macros" / "deploy" / "ml_manifest.sql"


def sources(package: Traversable | None = None) -> dict[str, bytes]:
    """Read the package's Python files, from a folder or from within a zip.

    Returns
    -------
    dict of str to bytes
        Path such as `ml/simulation/cli.py` -> content, in the order of paths.
    """
    found = dict(_walk(package or files("ml"), "ml"))
    return dict(sorted(found.items()))


def content_hash(package: Traversable | None = None) -> str:
    """SHA-256 over the paths and contents of `sources`; equal wherever it is computed."""
    digest = hashlib.sha256()
    for path, content in sources(package).items():
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def manifest() -> str:
    """Write the macro that tells dbt what to deploy."""
    folders = sorted({path.rpartition("/")[0] for path in sources()})
    names = ", ".join(f'"{folder}"' for folder in folders)
    return (
        "{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}\n"
        "{% macro ml_manifest() %}\n"
        f'    {{{{ return({{"sha256": "{content_hash()}", "folders": [{names}]}}) }}}}\n'
        "{% endmacro %}\n"
    )


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for child in folder.iterdir():
        if child.is_dir() and child.name != "__pycache__":
            yield from _walk(child, f"{path}/{child.name}")
        elif child.name.endswith(".py"):
            yield f"{path}/{child.name}", child.read_bytes()


def main() -> None:
    """Write the manifest, or with `--check` say whether it is up to date."""
    written = MANIFEST.read_text() if MANIFEST.exists() else ""
    if written == manifest():
        return
    if "--check" in sys.argv[1:]:
        sys.exit(f"macros/deploy/{MANIFEST.name} is out of date: run `make format`.")
    MANIFEST.write_text(manifest())


if __name__ == "__main__":
    main()
