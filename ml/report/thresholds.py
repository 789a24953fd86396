"""What taking everyone above a score means, at each of the thresholds that training recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.report.formats import count, number, percent
from ml.report.reader import ReportError, Version
from ml.report.words import nouns_of

# The label High starts at this many times the base rate by default (var label_high_lift).
DEFAULT_LIFT = 3.0
# A default that takes fewer of the rows than this gives way to the top tenth.
LEAST_TAKEN = 0.01


@dataclass(frozen=True)
class Cut:
    """A threshold and the weight of rows on either side of it.

    Parameters
    ----------
    threshold
        Least score taken.
    true_positive, false_positive, false_negative, true_negative
        Weights of rows: taken with and without the outcome, left out with and without.
    """

    threshold: float
    true_positive: float
    false_positive: float
    false_negative: float
    true_negative: float

    @property
    def recall(self) -> float:
        """Share of those with the outcome that is taken."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def precision(self) -> float:
        """Share of those taken that have the outcome."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def false_positive_rate(self) -> float:
        """Share of those without the outcome that is taken."""
        return _share(self.false_positive, self.false_positive + self.true_negative)

    @property
    def total(self) -> float:
        """Weight of all rows."""
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative

    @property
    def taken(self) -> float:
        """Share of all rows that is taken."""
        return _share(self.true_positive + self.false_positive, self.total)

    @property
    def lift(self) -> float:
        """Precision over the share of all rows that have the outcome."""
        return _share(self.precision, _share(self.true_positive + self.false_negative, self.total))

    def told(self, version: Version) -> dict[str, str]:
        """Write everything about it, for the page and its script."""
        nouns = nouns_of(version)
        taken = self.true_positive + self.false_positive
        positive = self.true_positive + self.false_negative
        at_random = _share(positive, self.total)
        return {
            "threshold": percent(self.threshold),
            "true_positive": count(self.true_positive),
            "false_positive": count(self.false_positive),
            "false_negative": count(self.false_negative),
            "true_negative": count(self.true_negative),
            "taken_rows": count(taken),
            "left_rows": count(self.total - taken),
            "taken": percent(self.taken),
            "recall": percent(self.recall),
            "precision": percent(self.precision),
            "false_positive_rate": percent(self.false_positive_rate),
            "lift": number(self.lift, 1),
            "sentence": (
                f"Taking every row that scores at least {percent(self.threshold)} takes "
                f"{count(taken)} of {count(self.total)} rows ({percent(self.taken)}). It reaches "
                f"{count(self.true_positive)} of {count(positive)} {nouns.events} "
                f"({percent(self.recall)}). Of those taken, {percent(self.precision)} {nouns.did}; "
                f"of rows picked at random, it would be {percent(at_random)}."
            ),
        }


def cuts_of(version: Version) -> list[Cut]:
    """List the recorded thresholds from the highest down; none if none were recorded."""
    points = version.curve("confusion")
    if points.empty:
        return []
    negative, positive = float(points["x"].iloc[-1]), float(points["y"].iloc[-1])
    return [
        Cut(
            threshold=float(row["threshold"]),
            true_positive=float(row["y"]),
            false_positive=float(row["x"]),
            false_negative=positive - float(row["y"]),
            true_negative=negative - float(row["x"]),
        )
        for row in points.iloc[1:].to_dict("records")
    ]


def choose(version: Version, cuts: list[Cut], wanted: float | None) -> tuple[int, str]:
    """Pick the threshold the page starts with.

    Parameters
    ----------
    version
        Whose base rate counts.
    cuts
        From the highest threshold down, at least one.
    wanted
        The reader's own; None for the default.

    Returns
    -------
    tuple of int and str
        Position in `cuts`, and the rule it was chosen by. A threshold between two recorded
        ones is taken as the higher of them.

    Raises
    ------
    ReportError
        `wanted` is no probability.
    """
    if wanted is not None:
        if not 0 <= wanted <= 1:
            msg = f"--threshold {wanted}: give a probability between 0 and 1, such as 0.05."
            raise ReportError(msg)
        at = _at_least(cuts, wanted)
        if at is None:
            return 0, f"No row scores {percent(wanted)}; the highest recorded threshold is shown."
        return at, f"Chosen by --threshold {wanted:g}."
    base = version.text("base_rate")
    high, told = high_from(float(base)) if base else (1.0, f"{DEFAULT_LIFT:g} times the base rate")
    at = _at_least(cuts, high) if base else None
    if at is not None and cuts[at].taken >= LEAST_TAKEN:
        return at, (f"The rule: {told} it was trained on. The label High starts there by default.")
    tenth = int(np.argmin([abs(cut.taken - 0.1) for cut in cuts]))
    return tenth, (
        f"The rule: the top tenth, since less than {percent(LEAST_TAKEN)} of rows score {told}."
    )


def high_from(base_rate: float) -> tuple[float, str]:
    """Find the score from which the label High is given by default, and say what it is.

    The same as the macro `label_lift`: see "Labels" in dbt_project/docs/audiences.md.

    Examples
    --------
    >>> high_from(0.02)
    (0.06, '3 times the base rate')
    >>> score, rule = high_from(0.47)
    >>> f"{score:.3f}", rule
    ('0.612', '61.2%, well above the base rate')
    """
    root = DEFAULT_LIFT**0.5
    bound = base_rate + (1 - base_rate) * (root - 1) / (root + 1)
    if DEFAULT_LIFT * base_rate <= bound:
        return DEFAULT_LIFT * base_rate, f"{DEFAULT_LIFT:g} times the base rate"
    return bound, f"{percent(bound)}, well above the base rate"


def landmarks(cuts: list[Cut]) -> list[int]:
    """Pick positions whose shares taken are about 1, 2, 5, 10, 20, 30, 50 and 100 percent."""
    wanted = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
    return sorted({int(np.argmin([abs(cut.taken - at) for cut in cuts])) for at in wanted})


def _at_least(cuts: list[Cut], threshold: float) -> int | None:
    """Find the lowest recorded threshold that is not below one."""
    found = [at for at, cut in enumerate(cuts) if cut.threshold >= threshold]
    return found[-1] if found else None


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
