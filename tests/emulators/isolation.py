"""An interpreter that imports what was declared, and nothing else: for what runs in a warehouse."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

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
    known : set of str
        Distributions that may be imported.
    """

    def __init__(self, known: set[str]) -> None:
        self._known = known
        self._homes: Mapping[str, Sequence[str]] = importlib.metadata.packages_distributions()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module, or say that there is none: some packages only ask."""
        homes = {canonical(name) for name in self._homes.get(fullname.split(".")[0], [])}
        if homes and not homes & self._known:
            return None
        return PathFinder.find_spec(fullname, path, target)


def hide_undeclared(known: set[str]) -> None:
    """Let nothing be imported from now on but the standard library and these distributions."""
    at = sys.meta_path.index(PathFinder)
    sys.meta_path[at] = OnlyDeclared(known)


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
