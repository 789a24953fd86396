"""How rows are split into folds, and whether a split can judge a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.data import folds
from ml.errors import NotTrainableError

# How a version is judged, the strictest first, and what to say of it.
PEOPLE_AND_TIME, TIME, PEOPLE = "people_and_time", "time", "people"
JUDGED = {
    PEOPLE_AND_TIME: "judged on other people and later time than it learnt from",
    TIME: "judged on later time than it learnt from, whoever the people are",
    PEOPLE: "judged on other people of the same time only, which is optimistic",
}
# Positive and negative rows that the train fold needs; other folds need one of each.
MIN_OF_EACH = 5
# Groups that a fold needs, however many rows they have: one group says nothing about others.
MIN_GROUPS = 2
# Up to here the train fold is cross-fitted too, and the model is the mean of five.
MAX_INNER_CROSS_ROWS = 200_000
N_CROSS = 5
# If there are too many rows to cross-fit, one row in this many only decides when to stop.
N_HOLD_OUT = 10


def fit_folds(groups: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Assign rows of the train fold to cross-validation folds.

    Parameters
    ----------
    groups, y
        Of these rows: hashes of their subjects, targets.
    seed
        Another seed, another split.

    Returns
    -------
    ndarray
        Fold of each row, shape (n,). If there are many rows: 0 for those that decide when to
        stop, -1 for all others.
    """
    if len(y) <= MAX_INNER_CROSS_ROWS:
        return folds.cross_folds(groups, y, N_CROSS, seed)
    return np.where(folds.cross_folds(groups, y, N_HOLD_OUT, seed) == 0, 0, -1)


@dataclass(frozen=True)
class Split:
    """The columns that a split is made of, for the messages.

    Parameters
    ----------
    target, time, group, fold
        As of `ml.train_propensity`.
    """

    target: str
    time: str | None
    group: str | None
    fold: str | None

    def check_folds(self, at: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        """Refuse the folds if one of them lacks an outcome or has only one group.

        Parameters
        ----------
        at
            0 train, 1 calibrate, 2 test, shape (n,).
        y, groups
            Targets and hashes of the groups, if there are any, shape (n,).

        Raises
        ------
        NotTrainableError
            The message says which fold, made of which columns, lacks what.
        """
        columns = {"fold": self.fold} if self.fold else {"time": self.time, "group": self.group}
        named = [f"{name!r} ({role})" for role, name in columns.items() if name]
        made = f" that column {' and column '.join(named)} made" if named else ""
        for number, name in enumerate(folds.FOLDS):
            of_fold = at == number
            if name == "calibrate" and self.fold and not of_fold.any():
                continue  # calibration is cross-fitted then
            least = MIN_OF_EACH if number == 0 else 1
            check_classes(y[of_fold], self.target, f"the {name} fold{made}", least)
            if groups is None or self.group is None:
                continue
            n_groups = len(np.unique(groups[of_fold]))
            if n_groups < MIN_GROUPS:
                msg = (
                    f"column {self.group!r} (group) has one value in all rows of the {name} fold; "
                    f"at least {MIN_GROUPS} groups are needed there. Bring more groups."
                )
                raise NotTrainableError(msg)

    def check_cross(self, cv: np.ndarray, y: np.ndarray, groups: np.ndarray) -> None:
        """Refuse cross-validation if a fold, or all other folds together, lack an outcome.

        Parameters
        ----------
        cv
            As `fit_folds` assigned the rows, shape (n,).
        y, groups
            Their targets and hashes of their subjects, shape (n,).

        Raises
        ------
        NotTrainableError
            The message says of which column there is too little.
        """
        judging = [0] if (cv < 0).any() else range(N_CROSS)
        happened, total = (
            np.bincount(cv + 1, weights=rows, minlength=N_CROSS + 1) for rows in (y > 0, y >= 0)
        )
        parts = [(happened[f + 1], total[f + 1]) for f in judging]
        parts += [(happened.sum() - n, total.sum() - of) for n, of in parts]
        if all(0 < n < of for n, of in parts):
            return
        n_true, n_false = (len(np.unique(groups[rows])) for rows in (y > 0, y <= 0))
        whose = f"column {self.group!r} (group)" if self.group else "the frame"
        what = "groups" if self.group else "rows that are no copies"
        hint = ", or train without group if each row is a subject of its own" if self.group else ""
        msg = (
            f"{whose} has {len(np.unique(groups))} {what} to train on, of which {n_true} have "
            f"target {self.target!r} true and {n_false} false: {len(judging)} folds that keep a "
            f"subject's rows together cannot each have both. Bring more {what}{hint}."
        )
        raise NotTrainableError(msg)


def check_classes(y: np.ndarray, target: str, where: str, least: int = MIN_OF_EACH) -> None:
    """Refuse rows if too few of them have one of the outcomes.

    Raises
    ------
    NotTrainableError
        The message names the target and says how many there are.
    """
    positive, negative = int((y > 0).sum()), int((y <= 0).sum())
    if min(positive, negative) < least:
        msg = (
            f"target {target!r} is true in {positive} and false in {negative} rows of {where}; "
            f"at least {least} of each are needed. Bring more rows or a longer period."
        )
        raise NotTrainableError(msg)
