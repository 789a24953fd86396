"""What a version goes by: features by importance, and what their values do to the score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import pandas as pd
from markupsafe import Markup

from ml.report.figures import Table
from ml.report.formats import BY, TIMES, odds, percent
from ml.report.reader import Version
from ml.report.svg import Axis, Plot
from ml.report.words import band_of, direction_of, effect_on, feature_words, kinds_of, label_of

# The effects are drawn on a scale that reaches at least a quarter more or less odds.
_LEAST_LIMIT = math.log(1.25)
_FACTORS = (1.1, 1.25, 1.5, 2, 3, 5, 10, 30, 100, 1000)


@dataclass(frozen=True)
class Band:
    """A band of a feature's values.

    Parameters
    ----------
    words
        "3 to 5", "Phone", "unknown".
    share
        Of the rows.
    contribution, low, high
        Mean contribution to the log-odds, and the range of nine rows in ten.
    place
        0 (lowest values) to 1 (highest); -1 where values have no order.
    """

    words: str
    share: float
    contribution: float
    low: float
    high: float
    place: float


@dataclass(frozen=True)
class Feature:
    """One feature as a row of the page.

    Parameters
    ----------
    name, label
        Its column, and what it is called.
    share, width
        Of all importance, written, and as a part of the strongest feature's.
    sign, direction
        What more of it goes with.
    effect
        The drawing; empty if nothing was recorded.
    bands
        Of its values.
    """

    name: str
    label: str
    share: str
    width: float
    sign: str
    direction: str
    effect: Markup
    bands: list[Band]


@dataclass(frozen=True)
class Explanation:
    """All features, strongest first, and the axis that the drawings share."""

    features: list[Feature]
    axis: Markup
    bands: Table


def explanation_of(version: Version) -> Explanation | None:
    """Describe the features; None if no importance was recorded."""
    table = version.importance
    if table.empty:
        return None
    names = [str(name) for name in table["feature"]]
    words = feature_words(version, names)
    kinds = kinds_of(version)
    effects = _by_feature(version.effects)
    bands = {
        name: _bands(
            [(band_of(e, words[name], kinds.get(name, "")), e) for e in effects.get(name, [])]
        )
        for name in names
    }
    rows = {str(row["feature"]): row for row in table.to_dict("records")}
    limit = _limit(table, bands)
    most = max(float(table["share"].max()), 1e-12)
    features = []
    for at, name in enumerate(names):
        row, label = rows[name], label_of(words[name])
        highest = max(bands[name], key=lambda band: band.contribution, default=None)
        sign, direction = direction_of(
            math.nan if words[name].is_weekday else _number(row.get("direction")),
            highest.words if highest else "",
            is_boolean=kinds.get(name) == "boolean",
        )
        features.append(
            Feature(
                name=name,
                label=label,
                share=percent(float(row["share"])),
                width=round(100 * float(row["share"]) / most, 1),
                sign=sign,
                direction=direction,
                effect=_strip(f"effect-{at}", label, row, bands[name], limit),
                bands=bands[name],
            )
        )
    return Explanation(features, _axis(limit), _band_table(features, effect_on(version)))


def _by_feature(effects: pd.DataFrame) -> dict[str, list[dict[str, object]]]:
    out: dict[str, list[dict[str, object]]] = {}
    if effects.empty:
        return out
    for row in effects.sort_values(["feature", "band"]).to_dict("records"):
        out.setdefault(str(row["feature"]), []).append({str(k): v for k, v in row.items()})
    return out


def _bands(effects: list[tuple[str, dict[str, object]]]) -> list[Band]:
    ordered = [_number(effect["value_low"]) for _, effect in effects]
    n_known = sum(1 for value in ordered if math.isfinite(value))
    out = []
    for at, (words, effect) in enumerate(effects):
        place = at / max(n_known - 1, 1) if math.isfinite(ordered[at]) else -1.0
        out.append(
            Band(
                words,
                _number(effect["share"]),
                _number(effect["contribution"]),
                _number(effect["contribution_p05"]),
                _number(effect["contribution_p95"]),
                place,
            )
        )
    return out


def _limit(table: pd.DataFrame, bands: dict[str, list[Band]]) -> float:
    ends = [abs(band.contribution) for there in bands.values() for band in there]
    for column in ("contribution_p05", "contribution_p95"):
        if column in table:
            ends += [abs(_number(value)) for value in table[column]]
    return 1.05 * max([_LEAST_LIMIT, *(end for end in ends if math.isfinite(end))])


def _strip(key: str, label: str, row: Mapping[Any, Any], bands: list[Band], limit: float) -> Markup:
    """Draw the middle 90 % of a feature's contributions as a line, its values as dots."""
    low, high = _number(row.get("contribution_p05")), _number(row.get("contribution_p95"))
    if not math.isfinite(low) and not bands:
        return Markup("")
    strongest = sorted(bands, key=lambda band: -abs(band.contribution))[:2]
    told = "; ".join(f"{band.words}: {odds(band.contribution)}" for band in strongest)
    plot = _plot(key, f"Effect of {label}", told or "Range of nine rows in ten.", limit)
    plot.line([(0, 0), (0, 1)], "zero")
    if math.isfinite(low) and math.isfinite(high):
        plot.line([(low, 0.5), (high, 0.5)], "range")
    for band in sorted(bands, key=lambda band: -band.share):
        shade = "unordered" if band.place < 0 else f"heat-{round(4 * band.place)}"
        radius = round(3 + 5 * math.sqrt(band.share), 1)
        hover = f"{band.words}: {odds(band.contribution)}, {percent(band.share)} of rows"
        plot.dot((band.contribution, 0.5), f"band {shade}", radius, hover)
    return plot.render()


def _axis(limit: float) -> Markup:
    plot = _plot("effect-axis", "Scale of the effects", "Factors on a log scale.", limit)
    for value, label in _ticks(limit):
        plot.text((value, 0.5), label, "tick middle", (0, 4))
    return plot.render()


def _plot(key: str, title: str, description: str, limit: float) -> Plot:
    return Plot(
        key,
        title,
        description,
        Axis(-limit, limit, [(value, "") for value, _ in _ticks(limit)], ""),
        Axis(0, 1, [], ""),
        width=300,
        height=24,
        margins=(0, 12, 0, 12),
    )


def _ticks(limit: float) -> list[tuple[float, str]]:
    """Place round factors either side of 1: the largest that fits, one more with room for it."""
    fitting = [math.log(f) for f in _FACTORS if math.log(f) <= 0.95 * limit]
    chosen = fitting[-1:]
    if len(fitting) > 1 and min(fitting[-1] - fitting[-2], fitting[-2]) > 0.25 * limit:
        chosen.append(fitting[-2])
    out = [(0.0, "1")]
    for at in chosen:
        factor = f"{round(math.exp(at), 2):g}"
        out += [(at, f"{TIMES}{factor}"), (-at, f"{BY}{factor}")]
    return sorted(out)


def _band_table(features: list[Feature], on: str) -> Table:
    rows = [
        [
            feature.label,
            band.words,
            percent(band.share),
            odds(band.contribution),
            f"{odds(band.low)} to {odds(band.high)}",
        ]
        for feature in features
        for band in feature.bands
    ]
    head = ["Feature", "Value", "Share of rows", f"Effect on the {on}", "Nine rows in ten"]
    return Table(head, rows)


def _number(value: object) -> float:
    return float(value) if isinstance(value, Real) else float("nan")
