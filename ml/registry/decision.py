"""What the gate decides: a code and figures, and the sentence that the registry has of them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from ml.data.splits import JUDGED, PEOPLE, PEOPLE_AND_TIME

# champion: scores from now on. challenger: stands alone and may score a share of subjects,
# but has not shown that it is better. rejected: never scores.
Verdict = Literal["champion", "challenger", "rejected"]

# rolled_back stands in the registry only: macro rollback_model writes it with its own sentence.
ROLLED_BACK = "rolled_back"
_COMPARED = (
    "{loss_name} {gain:+.5f} better than the champion's [{gain_low:+.5f}, {gain_high:+.5f}] on "
    "{n_rows} rows, {n_converting_subjects} converting subjects newer than both saw."
)
# Code -> what it means for the version, and the sentence, with places for the figures.
CODES: dict[str, tuple[Verdict, str]] = {
    "suspected_leak": (
        "rejected",
        "suspected leak in {feature}{and_more}: {evidence}. Repair the feature, or set config: "
        "meta: leak_reviewed: true on its column.",
    ),
    "few_subjects": (
        "rejected",
        "{n_converting_subjects} converting subjects judge it, {n_asked} are asked for; bring "
        "more history.",
    ),
    "not_above_base_rate": (
        "rejected",
        "no better than the base rate {base_rate:.4f} by more than noise: "
        "{loss_name} {gain:+.5f} better [{gain_low:+.5f}, {gain_high:+.5f}].",
    ),
    "worse": ("rejected", f"worse: {_COMPARED}"),
    "first_version": (
        "champion",
        "first version; {loss_name} better than the base rate's by {gain:.5f} "
        "(at least {gain_low:.5f}).",
    ),
    "first_of_definition": (
        "champion",
        "first version of its definition; {loss_name} better than the base rate's by {gain:.5f} "
        "(at least {gain_low:.5f}).",
    ),
    "champion_damaged": (
        "champion",
        "it stands alone, and the champion {champion} cannot be compared: {error}",
    ),
    "champion_reads_other_columns": (
        "champion",
        "the champion cannot read the columns any more: {error}",
    ),
    "better": ("champion", f"better by more than noise: {_COMPARED}"),
    "champion_old": (
        "champion",
        "not worse, and the champion is {champion_age_days:.0f} days old: " + _COMPARED,
    ),
    "not_better": (
        "challenger",
        "not better by more than noise, and the champion is {champion_age_days:.0f} days old "
        "({max_champion_age_days:.0f} allowed): " + _COMPARED,
    ),
    "judged_less_strictly": (
        "challenger",
        "the champion was judged on later time and stays: what was judged on other people of the "
        "same time only cannot show that it is better. Bring more history, or put this version "
        "in its place (dbt run-operation rollback_model).",
    ),
    "no_newer_rows": ("challenger", "no test row is newer than the champion saw; it stays."),
    "few_newer_subjects": (
        "challenger",
        "{n_converting_subjects} converting subjects are newer than both versions saw, "
        "{n_asked} are asked for; the champion stays.",
    ),
}


@dataclass(frozen=True)
class Decision:
    """What the gate decided of a version.

    Parameters
    ----------
    code
        Why: a key of CODES.
    figures
        What its sentence names.
    split
        How the version was judged: a key of `ml.data.splits.JUDGED`.

    Examples
    --------
    >>> Decision("few_subjects", {"n_converting_subjects": 3, "n_asked": 5}).reason
    '3 converting subjects judge it, 5 are asked for; bring more history.'
    """

    code: str
    figures: dict[str, Any] = field(default_factory=dict)
    split: str = PEOPLE_AND_TIME

    @property
    def verdict(self) -> Verdict:
        """What becomes of the version."""
        return CODES[self.code][0]

    @property
    def is_champion_damaged(self) -> bool:
        """Whether the champion cannot be read, so that nothing was compared with it."""
        return self.code == "champion_damaged"

    @property
    def reason(self) -> str:
        """Why, in a sentence with the figures."""
        n_more = self.figures.get("n_leaks", 1) - 1
        and_more = f" (and {n_more} more)" if n_more else ""
        told = CODES[self.code][1].format(**self.figures, and_more=and_more)
        return f"{told} This version was {JUDGED[PEOPLE]}." if self.split == PEOPLE else told

    @property
    def figures_json(self) -> str:
        """The figures as the registry keeps them: to nine digits, null for what is no number.

        The last digits of a float depend on the order in which an engine hands over rows.

        Examples
        --------
        >>> Decision("better", {"gain": 0.12345678901, "n": 7, "low": math.nan}).figures_json
        '{"gain": 0.123456789, "n": 7, "low": null}'
        """
        return json.dumps({name: _kept(value) for name, value in self.figures.items()})


def _kept(figure: Any) -> Any:  # noqa: ANN401 - a number or a text
    if not isinstance(figure, float):
        return figure
    return float(f"{figure:.9g}") if math.isfinite(figure) else None
