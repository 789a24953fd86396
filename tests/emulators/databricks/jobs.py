"""Python models: each notebook runs in an interpreter of its own, as on serverless compute."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.stand_ins import isolated

INTERPRETER = Path(__file__).with_name("interpreter.py")
_INSTALLING = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """How a notebook ended.

    Parameters
    ----------
    output : str
        What it printed.
    trace : str
        Its traceback; empty where it succeeded.
    """

    output: str
    trace: str

    @property
    def error(self) -> str:
        """The traceback's last line, as the Jobs API gives it besides."""
        lines = self.trace.strip().splitlines()
        return lines[-1] if lines else ""


def run(
    source: str,
    *,
    libraries: Sequence[str],
    connect_port: int,
    catalog: str,
    files: Path,
) -> Outcome:
    """Run a notebook's source, after its libraries are installed where only it sees them.

    Parameters
    ----------
    source
        Python; `spark` is there.
    libraries
        Lines of a requirements file, that are importable besides what the runtime has.
    connect_port
        Of Spark Connect.
    catalog
        What the notebook calls Spark's catalog.
    files
        Folder that holds what the notebook sees as /Volumes and /Workspace.
    """
    declared, source = split_pip(source)
    requirements, installed = [], []
    for library in [*libraries, *declared]:
        if not re.match(r"(?:dbfs:)?/", library):
            requirements.append(library)
            continue
        try:
            installed.append(str(_installed(library, files)))
        except subprocess.CalledProcessError as error:
            return Outcome("", f"{error.stderr.strip()}\nERROR: {library} cannot be installed")
    # /Volumes and /Workspace are folders there; here they lie elsewhere.
    source = re.sub(r"(?<=[\"'])(?=/(?:Volumes|Workspace)/)", str(files), source)
    asked = {
        "source": source,
        "requirements": requirements,
        "installed": installed,
        "connect_port": connect_port,
        "catalog": catalog,
    }
    done = isolated(INTERPRETER, asked)
    if done.returncode:
        return Outcome(done.stdout, done.stderr[-16_000:].strip() or "the interpreter ended")
    return Outcome(done.stdout, "")


def split_pip(source: str) -> tuple[list[str], str]:
    """Take `%pip install …` and the restart out of a notebook, as its first cells."""
    libraries: list[str] = []
    kept = []
    for line in source.splitlines():
        if line.startswith("%pip install"):
            libraries += [word for word in shlex.split(line)[2:] if not word.startswith("-")]
        elif line.strip() != "dbutils.library.restartPython()":
            kept.append(line)
    return libraries, "\n".join(kept)


def _installed(library: str, files: Path) -> Path:
    """Install a wheel, or a project's folder, of /Volumes or /Workspace by itself, once.

    Raises
    ------
    subprocess.CalledProcessError
        As pip does.
    """
    path = files / library.removeprefix("dbfs:").lstrip("/")
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        digest.update(file.read_bytes() if file.is_file() else b"")
    target = files.parent / "installed" / f"{path.stem}_{digest.hexdigest()[:16]}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    with _INSTALLING:
        if not target.is_dir():
            subprocess.run([*command, str(path)], check=True, capture_output=True, text=True)
            # For the functions that Spark runs: it wants one file of a name to stay the same.
            shutil.make_archive(str(target), "zip", target)
    return target
