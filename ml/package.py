"""What of `ml` goes to a warehouse: its content hash, dbt's manifest of it, and its wheel.

dbt cannot read files, so `macros/deploy/ml_manifest.sql` tells it the files and the hash. It is
written by `make format` and the commit hook, and `make lint` fails if it is out of date.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ml import __version__

MANIFEST = Path(__file__).resolve().parents[1] / "macros" / "deploy" / "ml_manifest.sql"
# What runs on somebody's own machine. Python models import none of it, so that it is not
# deployed, and a change of it changes no hash.
LOCAL = (
    "ml/activation/",
    "ml/cli.py",
    "ml/data/atomic.py",
    "ml/demo.py",
    "ml/engines/connections.py",
    "ml/engines/registered.py",
    "ml/export/",
    "ml/report/",
    "ml/serving/",
    "ml/signals/",
    "ml/simulation/",
)
_NAME = "cdp_propensity"
# As pyproject.toml has it, which is not deployed.
_PYTHON = ">=3.11,<3.14"


def sources(package: Traversable | None = None) -> dict[str, bytes]:
    """Read the Python files that are deployed, from a folder or from within a zip.

    Returns
    -------
    dict of str to bytes
        Path such as `ml/model/booster.py` -> content, in the order of paths.
    """
    found = _walk(package or files("ml"), "ml")
    return dict(sorted((path, text) for path, text in found if not path.startswith(LOCAL)))


def content_hash(package: Traversable | None = None) -> str:
    """SHA-256 over the paths and contents of `sources`; equal wherever it is computed."""
    digest = hashlib.sha256()
    for path, content in sources(package).items():
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def version() -> str:
    """Version of the code that runs, with the start of its hash: `0.1.0+1a2b3c4d5e6f`."""
    return f"{__version__}+{content_hash()[:12]}"


def require(sha256: str) -> None:
    """Stop if the project that dbt runs has another `ml` than the one that runs here.

    Parameters
    ----------
    sha256
        Content hash of the project's.

    Raises
    ------
    WrongPackageError
        The content hash is another.
    """
    # Imported here, so that this module can report missing files.
    from ml.errors import WrongPackageError

    if content_hash() != sha256:
        msg = (
            f"ml {content_hash()[:12]} runs here, and the project that dbt runs has {sha256[:12]}: "
            "bring what var ml_package names up to date. A Git folder: pull; an index or a Volume: "
            "publish the project's wheel (python -m ml.package --wheel dist) and name it, e.g. "
            f"cdp-propensity=={__version__}+{sha256[:12]}"
        )
        raise WrongPackageError(msg)


def manifest() -> str:
    """Write the macro that tells dbt what to deploy."""
    folders: dict[str, list[str]] = {}
    for path in sources():
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(f'"{name}"')
    # A name a line: two branches that add files merge without conflict.
    names = {folder: ",\n            ".join(found) for folder, found in folders.items()}
    lines = [f'        "{folder}": [\n            {names[folder]},\n        ],' for folder in names]
    return "\n".join(
        [
            "{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}",
            "{% macro ml_manifest() %}",
            "    {{ return({",
            f'        "version": "{__version__}",',
            f'        "sha256": "{content_hash()}",',
            '        "files": {',
            *lines,
            "        },",
            "    }) }}",
            "{% endmacro %}",
            "",
        ]
    )


def build_wheel(
    wheel_directory: str,
    config_settings: object = None,  # noqa: ARG001 - PEP 517's
    metadata_directory: object = None,  # noqa: ARG001
) -> str:
    """Pack `ml` into a wheel; pip calls it (PEP 517) for a folder that `deploy_ml` filled.

    Nothing is asked of an index: what `ml` requires is declared by the Python models
    (`+packages` in dbt_project.yml).

    Parameters
    ----------
    wheel_directory
        Where to.
    config_settings, metadata_directory
        pip's; not used.

    Returns
    -------
    str
        Name of the file.

    Raises
    ------
    ValueError
        The folder is named after another content than it has.
    """
    root = Path(str(files("ml"))).parent
    found = content_hash()
    if re.fullmatch("[0-9a-f]{12}", root.name) and not found.startswith(root.name):
        msg = f"{root} holds ml {found[:12]}: deploy it again, by `dbt run-operation deploy_ml`"
        raise ValueError(msg)
    info = f"{_NAME}-{version()}.dist-info"
    about = f"Metadata-Version: 2.1\nName: cdp-propensity\nVersion: {version()}\n"
    about += f"Requires-Python: {_PYTHON}\n"
    kind = "Wheel-Version: 1.0\nGenerator: ml.package\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents = {
        **sources(),
        f"{info}/METADATA": about.encode(),
        f"{info}/WHEEL": kind.encode(),
    }
    record = "".join(
        f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in contents.items()
    )
    contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    name = f"{_NAME}-{version()}-py3-none-any.whl"
    with ZipFile(Path(wheel_directory) / name, "w", ZIP_DEFLATED) as wheel:
        for path, content in contents.items():
            # A fixed date: the same sources make the same wheel.
            wheel.writestr(ZipInfo(path), content, ZIP_DEFLATED)
    return name


def _digest(content: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for child in folder.iterdir():
        if child.is_dir() and child.name != "__pycache__":
            yield from _walk(child, f"{path}/{child.name}")
        elif child.name.endswith(".py"):
            yield f"{path}/{child.name}", child.read_bytes()


def main() -> None:
    """Write the manifest, say whether it is up to date, or make the wheel."""
    parser = argparse.ArgumentParser(prog="python -m ml.package", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the manifest is old")
    parser.add_argument("--wheel", metavar="FOLDER", help="make the wheel there instead")
    asked = parser.parse_args()
    if asked.wheel:
        Path(asked.wheel).mkdir(parents=True, exist_ok=True)
        print(Path(asked.wheel) / build_wheel(asked.wheel))
        return
    written = MANIFEST.read_text() if MANIFEST.exists() else ""
    if written == manifest():
        return
    if asked.check:
        sys.exit(f"macros/deploy/{MANIFEST.name} is out of date: run `make format`.")
    MANIFEST.write_text(manifest())


if __name__ == "__main__":
    main()
