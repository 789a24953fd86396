"""An interpreter that imports what was declared, and nothing else: for what runs in a warehouse."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
import uuid
import zipfile
from collections.abc import Callable, Sequence, Set
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_UNDECLARED, _NAMES = "undeclared_", "names.json"
# pandas as the warehouses have it brings these.
_EXTRA = {"pandas": ["pyarrow"], "snowflake-snowpark-python": ["cloudpickle", "pyyaml"]}


def canonical(name: str) -> str:
    """Spell a distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def project(requirement: str) -> str:
    """Name the distribution that a requirement such as `scipy>=1.11` asks for."""
    found = re.match(r"[A-Za-z0-9_.\-]+", requirement)
    return canonical(found[0]) if found else ""


def resolve(packages: Sequence[str]) -> set[str]:
    """Return the declared packages and all that they require, by canonical name.

    Raises
    ------
    LookupError
        A declared package is not installed here; its name is the message.
    """
    known: set[str] = set()
    declared = {project(name) for name in packages}
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
                raise LookupError(name) from None
            continue
        known.add(name)
        left += _EXTRA.get(name, [])
        left += [project(line) for line in requires if "extra ==" not in line]
    return known


class OnlyDeclared(MetaPathFinder):
    """Finds modules as the interpreter does, but for packages that were not declared.

    Parameters
    ----------
    hidden : callable
        Returns the names that are not to be found.
    """

    def __init__(self, hidden: Callable[[], Set[str]]) -> None:
        self._hidden = hidden

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module, or say that there is none: some packages only ask."""
        if fullname.split(".")[0] in self._hidden():
            return None
        return PathFinder.find_spec(fullname, path, target)


def undeclared(known: set[str]) -> set[str]:
    """Name the packages that are installed, but not by one of these distributions."""
    return {
        name
        for name, homes in importlib.metadata.packages_distributions().items()
        if not {canonical(home) for home in homes} & known
    }


def hide(hidden: Callable[[], Set[str]]) -> None:
    """Let these packages not be imported from now on."""
    at = sys.meta_path.index(PathFinder)
    sys.meta_path[at] = OnlyDeclared(hidden)


def hide_undeclared(known: set[str]) -> set[str]:
    """Let nothing be imported but the standard library and these; returns what is hidden."""
    hidden = undeclared(known)
    hide(lambda: hidden)
    return hidden


def write_undeclared(folder: Path, hidden: set[str]) -> Path:
    """Make the archive by which a session says what the functions that run elsewhere must not find.

    Its name is nobody else's: Spark wants a file of a name to stay the same.
    """
    path = folder / f"{_UNDECLARED}{uuid.uuid4().hex}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_NAMES, json.dumps(sorted(hidden)))
    return path


class Undeclared:
    """What the session did not declare, once its archive is on the path: before, Spark starts."""

    def __init__(self) -> None:
        self._names: frozenset[str] | None = None

    def __call__(self) -> frozenset[str]:
        """Name the packages."""
        if self._names is None:
            for entry in sys.path:
                if Path(entry).name.startswith(_UNDECLARED):
                    self._names = frozenset()  # reading imports, too
                    with zipfile.ZipFile(entry) as archive:
                        self._names = frozenset(json.loads(archive.read(_NAMES)))
        return self._names or frozenset()


def forget_this_project() -> None:
    """Take this project off the path, where an editable installation puts it."""
    sys.path[:] = [entry for entry in sys.path if "site-packages" in entry or _standard(entry)]
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if "__editable__" not in getattr(finder, "__module__", "")
    ]


def _standard(entry: str) -> bool:
    return Path(entry).resolve().is_relative_to(Path(sys.base_prefix).resolve())
