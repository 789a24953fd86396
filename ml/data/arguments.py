"""Checks the arguments of training, saving and loading before anything is computed.

Every message names the argument, what was given and what is accepted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from ml.data import kinds
from ml.errors import ArgumentError

# What NumPy, scikit-learn and XGBoost all take as a seed.
MAX_SEED = 2**31 - 1
_SHOWN = 20


def check_training(
    frame: Any,  # noqa: ANN401 - looked at here, as all of these
    *,
    target: Any,  # noqa: ANN401
    features: Any,  # noqa: ANN401
    time: Any,  # noqa: ANN401
    group: Any,  # noqa: ANN401
    fold: Any,  # noqa: ANN401
    random_state: Any,  # noqa: ANN401
    n_trials: Any,  # noqa: ANN401
    max_seconds: Any = None,  # noqa: ANN401
    leak_reviewed: Any = (),  # noqa: ANN401
    progress: Any = None,  # noqa: ANN401
    **further: Any,  # noqa: ANN401
) -> None:
    """Check the arguments of `ml.train_propensity` and of its counterparts for other targets.

    Parameters
    ----------
    frame, target, features, time, group, fold, random_state, n_trials, max_seconds, \
leak_reviewed, progress
        As of these.
    **further
        Further arguments that name a column, or None.

    Raises
    ------
    ArgumentError
        One is not accepted.
    """
    check_frame(frame, whole=features is None)
    roles = {"target": target, "time": time, "group": group, "fold": fold, **further}
    for name, column in roles.items():
        if column is None and name != "target":
            continue
        if not isinstance(column, str):
            refuse(name, column, "the name of a column, a text")
        if column not in frame.columns:
            refuse(name, column, f"a column of the frame, which has {_listed(frame.columns)}")
    others = [name for name, column in roles.items() if name != "target" and column == target]
    if others:
        refuse(others[0], target, "another column than target")
    _check_features(frame, features, roles)
    if group is not None and kinds.held(frame[group]) in {"lists", "objects"}:
        msg = f"group: column {group!r} holds {kinds.held(frame[group])}, where ids are expected."
        raise ArgumentError(msg)
    if fold is not None and kinds.held(frame[fold]) not in {kinds.TEXTS, kinds.NOTHING}:
        msg = (
            f"fold: column {fold!r} holds {kinds.held(frame[fold])}; it takes the texts train, "
            "calibrate and test, and null for a row to leave out."
        )
        raise ArgumentError(msg)
    check_settings(n_trials=n_trials, random_state=random_state)
    if max_seconds is not None and not (_is_number(max_seconds) and 0 < max_seconds < math.inf):
        refuse("max_seconds", max_seconds, "a number of seconds above 0, or None for no limit")
    _check_names("leak_reviewed", leak_reviewed)
    if progress is not None and not isinstance(progress, bool | np.bool_):
        refuse("progress", progress, "True, False or None")


def check_frame(frame: Any, name: str = "frame", *, whole: bool = True) -> None:  # noqa: ANN401
    """Check that it is a DataFrame whose columns are named by texts, each once.

    Parameters
    ----------
    frame, name
        What is looked at, and what messages call it.
    whole
        Whether all of its columns are read.

    Raises
    ------
    ArgumentError
        It is not: what reads a stored model finds columns by such names only.
    """
    if not isinstance(frame, pd.DataFrame):
        refuse(name, type(frame).__name__, "a pandas DataFrame")
    others = [column for column in frame.columns if not isinstance(column, str)]
    if others and (whole or frame.columns.nlevels > 1):
        msg = (
            f"{name}: columns {others[:_SHOWN]} are not named by texts, as a stored model needs. "
            "Rename them: frame.columns = [str(name) for name in frame.columns], or for columns of "
            "several levels '_'.join(name)."
        )
        raise ArgumentError(msg)
    twice = list(dict.fromkeys(frame.columns[frame.columns.duplicated()]))
    if twice:
        msg = f"{name}: columns {twice[:_SHOWN]} occur more than once; rename or drop them."
        raise ArgumentError(msg)


def check_settings(*, n_trials: Any, random_state: Any) -> None:  # noqa: ANN401
    """Check the number of trials and the seed.

    Raises
    ------
    ArgumentError
        One is not accepted.
    """
    if not _is_whole(n_trials) or n_trials < 1:
        refuse("n_trials", n_trials, "a whole number, 1 or more")
    if not _is_whole(random_state) or not 0 <= random_state <= MAX_SEED:
        refuse("random_state", random_state, f"a whole number from 0 to {MAX_SEED}")


def check_path(path: Any) -> Path:  # noqa: ANN401
    """Return the path of a model file.

    Raises
    ------
    ArgumentError
        It is no path, or one of a folder.
    """
    if not isinstance(path, str | Path) or not str(path):
        refuse("path", path, "the path of a file, a text or pathlib.Path")
    if Path(path).is_dir():
        refuse("path", str(path), "the path of a file; this is a folder")
    return Path(path)


def check_sha256(sha256: Any) -> None:  # noqa: ANN401
    """Check that it is a SHA-256 in hex, or None.

    Raises
    ------
    ArgumentError
        It is neither.
    """
    if sha256 is None:
        return
    if not isinstance(sha256, str) or not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        refuse("sha256", sha256, "64 hexadecimal digits, as save returned them, or None")


def _check_features(frame: pd.DataFrame, features: Any, roles: dict[str, str | None]) -> None:  # noqa: ANN401
    taken = {column: name for name, column in reversed(roles.items()) if column is not None}
    if features is None:
        if set(frame.columns) <= set(taken):
            msg = (
                "features: the frame has no other columns than "
                f"{', '.join(f'{name} {column!r}' for column, name in taken.items())}. Add columns "
                "to learn from."
            )
            raise ArgumentError(msg)
        return
    _check_names("features", features)
    names = list(features)
    if not names:
        refuse("features", names, "at least one column to learn from, or None for all others")
    absent = [name for name in names if name not in frame.columns]
    if absent:
        refuse("features", absent, f"columns of the frame, which has {_listed(frame.columns)}")
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        refuse("features", twice, "each column once")
    for name in names:
        if name in taken:
            refuse("features", name, f"columns to learn from; this one is {taken[name]}")


def _check_names(argument: str, given: Any) -> None:  # noqa: ANN401
    wanted = f"a list of column names{', or None' if argument == 'features' else ''}"
    if isinstance(given, str | bytes) or not isinstance(given, Collection | pd.Index | np.ndarray):
        refuse(argument, given, wanted)
    others = [name for name in given if not isinstance(name, str)]
    if others:
        refuse(argument, others[:_SHOWN], f"{wanted}, which are texts")


def _is_whole(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _listed(columns: Any) -> str:  # noqa: ANN401
    names = list(columns)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{names[:_SHOWN]}{more}"


def refuse(argument: str, given: object, accepted: str) -> NoReturn:
    """Raise an ArgumentError that names the argument, what was given and what is accepted."""
    shown = repr(given)
    shown = shown if len(shown) <= 200 else f"{shown[:200]}..."
    msg = f"{argument}: {shown} is not accepted; it takes {accepted}."
    raise ArgumentError(msg)
