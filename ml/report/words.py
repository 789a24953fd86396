"""What the figures mean, in sentences for people who do not build models."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.data.splits import PEOPLE, PEOPLE_AND_TIME, TIME
from ml.report.formats import MINUS, amount, count, number, percent, plain
from ml.report.reader import Version
from ml.scoring.reasons import read_words
from ml.scoring.words import Words

# Intervals from fewer converting subjects than this deserve a warning.
FEW_CONVERTING = 100
NBSP = "\N{NO-BREAK SPACE}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Nouns:
    """What a model of some kind is about.

    Parameters
    ----------
    event, events
        What happens: conversion, conversions.
    does, did, did_not
        convert, converted, did not convert.
    rate
        What the mean outcome of rows is.
    """

    event: str
    events: str
    does: str
    did: str
    did_not: str
    rate: str = "rate"


@dataclass(frozen=True)
class Row:
    """What one row of a model's data is.

    Parameters
    ----------
    each
        "a visitor on one day".
    subject
        visitor, or person.
    question
        With a place for what the subject does.
    """

    each: str
    subject: str
    question: str


NOUNS = {
    "conversion": Nouns("conversion", "conversions", "convert", "converted", "did not convert"),
    "churn": Nouns("churn", "churns", "go away", "went away", "stayed"),
    "value": Nouns("revenue", "revenue", "buy", "bought", "did not buy", "mean revenue"),
}
_ROWS = {
    "live": Row("a visitor at one event", "visitor", "Will this visitor {} soon after this event?"),
    "daily": Row("a visitor on one day", "visitor", "Will this visitor {} in the days to come?"),
    "first_touch": Row(
        "a person after the first visit", "person", "Will this person {} after the first visit?"
    ),
}
_ANY_ROW = Row("one row", "subject", "Will this subject {}?")


def effect_on(version: Version) -> str:
    """Name what a feature's contribution multiplies."""
    return "expected amount" if version.kind == "value" else "odds"


def nouns_of(version: Version) -> Nouns:
    """Words for what the version's kind of target is about."""
    return NOUNS.get(version.kind, NOUNS["conversion"])


def row_of(model_name: str) -> Row:
    """Words for what one row of a model is."""
    return _ROWS.get(model_name.partition("__")[0], _ANY_ROW)


def question_of(version: Version) -> str:
    """Say what the model is asked."""
    row, nouns = row_of(version.model_name), nouns_of(version)
    if version.kind == "value":
        return f"How much revenue will this {row.subject} bring in the time to come?"
    named = version.model_name.partition("__")[2]
    which = f" ({named.replace('_', ' ')})" if named and named != version.kind else ""
    return row.question.format(nouns.does + which)


@dataclass(frozen=True)
class Status:
    """Where a version stands.

    Parameters
    ----------
    label
        One or two words.
    sentence
        What that means.
    css
        `good`, `neutral` or `bad`.
    """

    label: str
    sentence: str
    css: str


# What each of the gate's codes means.
_REASONS = {
    "first_of_definition": (
        "None before it is of the same definition, and it knows more than the base rate."
    ),
    "first_version": "There was none before it, and it knows more than the base rate.",
    "better": "It beats the version before it by more than chance.",
    "champion_old": "It is no worse than the version before it, which had grown old.",
    "champion_damaged": "The version before it is damaged.",
    "champion_reads_other_columns": "The version before it reads columns that are gone.",
    "rolled_back": "Somebody put this version back in place.",
    "suspected_leak": "A feature seems to know the outcome beforehand.",
    "not_above_base_rate": "It does not clearly know more than the base rate.",
    "worse": "The version in use is better.",
    "not_better": "It may be no better than the version in use.",
    "no_newer_rows": "There are no new rows yet to compare it on.",
    "judged_less_strictly": "The version in use was judged more strictly.",
    "few_subjects": "Too few {subject}s with the outcome can judge it.",
    "few_newer_subjects": "Too few {subject}s with the outcome can judge it.",
}


def reason_of(version: Version) -> str:
    """Say in plain words why the gate decided so; empty if the registry has no code for it."""
    told = _REASONS.get(version.text("decision_code"), "")
    return told.format(subject=row_of(version.model_name).subject)


def status_of(version: Version) -> Status:
    """Say in plain words what the gate decided, and whether the version scores people."""
    decision = version.text("decision")
    if version.in_use:
        return Status("In use", "It passed the gate and scores people today.", "good")
    if version.standing == "kept":
        return Status(
            "Scores kept",
            "It makes no new scores. Its last published scores stay until a version passes. "
            + version.standing_reason,
            "bad",
        )
    if version.standing == "retired" and decision != "rejected":
        return Status(
            "Retired",
            "It belongs to another definition and scores nobody. " + version.standing_reason,
            "bad",
        )
    if decision == "champion":
        return Status(
            "Not in use", "It passed the gate, but does not score people at present.", "neutral"
        )
    if decision == "challenger":
        return Status(
            "Challenger",
            "It is good enough to score, but has not shown that it beats the version in use.",
            "neutral",
        )
    return Status("Rejected", "It did not pass the gate and scores nobody.", "bad")


@dataclass(frozen=True)
class Figure:
    """A metric with its interval and meaning.

    Parameters
    ----------
    name, label
        Its own name, and in words.
    value, interval
        As written; interval empty if there is none.
    meaning
        What it says to a marketer; empty if it needs no word.
    better
        `higher`, `lower`, or empty.
    """

    name: str
    label: str
    value: str
    interval: str
    meaning: str = ""
    better: str = ""


@dataclass(frozen=True)
class _Metric:
    label: str
    better: str
    write: Callable[[float], str]
    low: float = -np.inf
    high: float = np.inf


_METRICS = {
    "roc_auc": _Metric("Ranking (ROC AUC)", "higher", number, 0, 1),
    "top_decile_recall": _Metric("Reach of the top tenth", "higher", percent, 0, 1),
    "average_precision": _Metric("Average precision", "higher", number, 0, 1),
    "log_loss": _Metric("Log loss", "lower", lambda v: number(v, 4), 0),
    "log_loss_gain": _Metric("Log loss gained on the base rate", "higher", lambda v: number(v, 4)),
    "brier_score": _Metric("Brier score", "lower", lambda v: number(v, 4), 0, 1),
    "ece": _Metric("Calibration error (ECE)", "lower", percent, 0, 1),
    "base_rate": _Metric("Base rate", "", percent, 0, 1),
    "gini": _Metric("Concentration (Gini)", "higher", number, high=1),
    "total_ratio": _Metric("Expected over realised", "", lambda v: number(v, 2), 0),
    "d2_tweedie_score": _Metric("Deviance explained", "higher", percent, high=1),
    "mean_absolute_error": _Metric("Mean absolute error", "lower", amount, 0),
    "mean_value": _Metric("Mean revenue", "", amount, 0),
    "mean_tweedie_deviance": _Metric("Tweedie deviance", "lower", number, 0),
    "tweedie_deviance_gain": _Metric("Deviance gained on the mean", "higher", number),
    "n_rows": _Metric("Rows", "", count),
    "n_subjects": _Metric("Subjects", "", count),
    "n_converting_subjects": _Metric("Subjects with the outcome", "", count),
}
HEADLINES = ("roc_auc", "top_decile_recall", "ece", "log_loss_gain", "average_precision")
HEADLINES += ("base_rate", "gini", "total_ratio", "d2_tweedie_score", "mean_absolute_error")
HEADLINES += ("mean_value",)
# Of amounts, which do not depend on what a model is about.
_MEANINGS = {
    "gini": (
        "How well the order puts those who spend most first: 1 is the best possible order, 0 is a "
        "random one."
    ),
    "total_ratio": (
        "The sum of all expected amounts, divided by the sum that was spent. 1 is right; 1.10 "
        "promises a tenth too much."
    ),
    "d2_tweedie_score": (
        "How much better the expected amounts fit than the mean amount for everyone: 0% is no "
        "better, 100% is perfect. If the whole interval is above 0, they know something."
    ),
    "mean_absolute_error": (
        "How far, on average, an expected amount is from what was spent. Most people spend "
        "nothing, so compare this figure with other versions only."
    ),
    "mean_value": "The average amount per row. Compare every expected amount with it.",
}


def figure(version: Version, name: str, dataset: str = "test") -> Figure | None:
    """Write one metric of one data set; None if it was not measured."""
    value, low, high = metric(version, name, dataset)
    if not np.isfinite(value):
        return None
    known = _METRICS.get(name, _Metric(name.replace("_", " "), "", plain))
    interval = ""
    if np.isfinite(low) and np.isfinite(high):
        low, high = max(low, known.low), min(high, known.high)
        interval = f"{known.write(low)}{NBSP}to{NBSP}{known.write(high)}"
    meaning = _meaning(version, name, value) if dataset == "test" else ""
    return Figure(name, known.label, known.write(value), interval, meaning, known.better)


def metric(version: Version, name: str, dataset: str = "test") -> tuple[float, float, float]:
    """Value and interval of a metric; NaN if there is none."""
    table = version.metrics
    if table.empty:
        return np.nan, np.nan, np.nan
    found = table[table["dataset"].eq(dataset) & table["metric"].eq(name)]
    if found.empty:
        return np.nan, np.nan, np.nan
    row = found.iloc[0]
    value, low, high = (
        float(row[column]) if pd.notna(row[column]) else np.nan
        for column in ("value", "value_low", "value_high")
    )
    return value, low, high


def metric_names(version: Version) -> list[str]:
    """Names of all metrics, known ones first in our order."""
    if version.metrics.empty:
        return []
    there = list(dict.fromkeys(version.metrics["metric"]))
    return [n for n in _METRICS if n in there] + [n for n in there if n not in _METRICS]


def _meaning(version: Version, name: str, value: float) -> str:
    nouns, subject = nouns_of(version), row_of(version.model_name).subject
    base = metric(version, "base_rate")[0]
    if name == "roc_auc":
        return (
            f"Of a {subject} who {nouns.did} and one who {nouns.did_not}, the score ranks the "
            f"right one first {round(100 * value)} times in 100. Tossing a coin gives 50."
        )
    if name == "top_decile_recall":
        return (
            f"The tenth with the highest scores holds {percent(value)} of all {nouns.events}: "
            f"{number(10 * value, 1)} times what a tenth picked at random holds."
        )
    if name == "ece":
        return (
            f"On average a score is {number(100 * value, 2)} percentage points away from the rate "
            "that was observed. The smaller this is, the better scores can be used as "
            "probabilities, in bids and budgets."
        )
    if name == "log_loss_gain":
        loss = metric(version, "log_loss")[0]
        known = value / (loss + value) if loss + value > 0 else np.nan
        return (
            f"The scores remove {percent(known)} of the uncertainty that the base rate alone "
            "leaves. If the whole interval is above 0, they know something."
        )
    if name == "average_precision":
        return (
            f"Of the {subject}s above a threshold, {round(100 * value)} in 100 {nouns.did}, on "
            f"average over all thresholds. In a random order it is {percent(base)}."
        )
    if name == "base_rate":
        return (
            f"The share of the rows that {nouns.did}. Picking at random gives this rate; compare "
            "every score with it."
        )
    return _MEANINGS.get(name, "")


def judged_of(version: Version) -> str:
    """Say which rows judged the version: of which people, and of which time."""
    row = row_of(version.model_name)
    people = "people" if row.subject == "person" else f"{row.subject}s"
    split = version.text("split") or PEOPLE_AND_TIME
    if split == PEOPLE:
        return (
            f"of other {people} than it learnt from, but of the same time, which is optimistic: "
            "nobody knows yet how well it predicts later on"
        )
    if split == TIME:
        return f"later than those it learnt from, whoever the {people} are"
    return f"later than those it learnt from and of other {people}"


def caution_of(version: Version) -> str:
    """Warn if few subjects, or none of later time, judge the version; else empty."""
    judged = metric(version, "n_converting_subjects")[0]
    optimistic = (
        f"The figures are optimistic: the rows that judge this version are {judged_of(version)}. "
        if version.text("split") == PEOPLE
        else ""
    )
    if not np.isfinite(judged) or judged >= FEW_CONVERTING:
        return optimistic.strip()
    subject, nouns = row_of(version.model_name).subject, nouns_of(version)
    plural = "people" if subject == "person" else f"{subject}s"
    return (
        f"{optimistic}Only {count(judged)} {plural} who {nouns.did} are among the rows that judge "
        "this version. Read the intervals rather than the figures; more history makes them "
        "narrower."
    )


def feature_words(version: Version, names: list[str]) -> dict[str, Words]:
    """Words of each feature; its own name if the catalogue has none."""
    catalogue = version.words
    if catalogue.empty:
        catalogue = pd.DataFrame({"feature_name": pd.Series([], dtype=object)})
    return dict(zip(names, read_words(catalogue, names), strict=True))


def label_of(words: Words) -> str:
    """Name a feature: "page views in the last 7 days"."""
    return " ".join(part for part in (words.label, words.period_label) if part)


def direction_of(
    direction: float, highest: str = "", *, is_boolean: bool = False
) -> tuple[str, str]:
    """Say what more of a feature goes with: a sign, and words.

    Examples
    --------
    >>> direction_of(0.9), direction_of(float("nan"))
    (('+', 'more raises it'), ('', 'by value'))
    >>> direction_of(float("nan"), highest="Desktop")
    ('', 'highest: Desktop')
    >>> direction_of(0.5, is_boolean=True)
    ('+', 'yes raises it')
    """
    if not np.isfinite(direction):
        return "", f"highest: {highest}" if highest else "by value"
    if abs(direction) < 0.2:
        return PLUS_MINUS, "up and down"
    what = "yes" if is_boolean else "more"
    return ("+", f"{what} raises it") if direction > 0 else (MINUS, f"{what} lowers it")


def band_of(effect: dict[str, object], words: Words, kind: str) -> str:
    """Name a band of a feature's values: "3 to 5", "Monday", "Phone", "unknown"."""
    label, low, high = effect["label"], effect["value_low"], effect["value_high"]
    if isinstance(label, str):
        return label or "unknown"
    if not isinstance(low, int | float) or not np.isfinite(low):
        return "unknown"
    least, most = float(low), float(high if isinstance(high, int | float) else low)
    if kind == "boolean":
        return "yes" if least > 0 else "no"
    if words.is_weekday and least in range(1, 8) and most in range(1, 8):
        first, last = _WEEKDAYS[int(least) - 1], _WEEKDAYS[int(most) - 1]
        return first if least == most else f"{first} to {last}"
    return plain(least) if least == most else f"{plain(least)} to {plain(most)}"


def kinds_of(version: Version) -> dict[str, str]:
    """Column -> numeric, boolean, categorical or datetime."""
    schema = version.json("feature_schema") or {}
    return {column["name"]: column["kind"] for column in schema.get("columns", [])}


def settings_of(version: Version, column: str) -> list[tuple[str, str]]:
    """List a JSON object of the row as names and values in text."""
    data = version.json(column)
    if not isinstance(data, dict):
        return []
    return [
        (str(name), value if isinstance(value, str) else json.dumps(value))
        for name, value in sorted(data.items())
    ]
