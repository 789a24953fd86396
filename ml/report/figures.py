"""The charts of a version, each with the table behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
from markupsafe import Markup

from ml.report.formats import amount, count, moment, number, percent, plain, tick
from ml.report.reader import Version
from ml.report.svg import Axis, Plot, nice_ticks
from ml.report.thresholds import Cut
from ml.report.words import metric, nouns_of

_PROBABILITIES = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.99)
_FINER = (0.0002, 0.0005, 0.002, 0.005, 0.02, 0.03, 0.3, 0.4, 0.6, 0.7, 0.95)
FOLDS = {
    "train": "learnt from",
    "calibrate": "checked on",
    "test": "judged by",
}


@dataclass(frozen=True)
class Table:
    """Columns and rows as text; the first column names the row."""

    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Chart:
    """A chart with what people need around it.

    Parameters
    ----------
    key
        Unique on the page.
    title
        Its heading.
    reading
        How to read it and what it shows.
    svg
        The drawing.
    legend
        (style of the swatch, words).
    table
        The data behind it.
    plot
        Places points for the threshold's mark.
    """

    key: str
    title: str
    reading: str
    svg: Markup
    legend: list[tuple[str, str]] = field(default_factory=list)
    table: Table | None = None
    plot: Plot | None = None


def roc(version: Version, cut: Cut | None = None) -> Chart | None:
    """Draw the true against the false positive rate."""
    points = version.curve("roc")
    if points.empty:
        return None
    nouns = nouns_of(version)
    auc = number(metric(version, "roc_auc")[0])
    reading = (
        f"Each point is a threshold. Up: the share of those who {nouns.did} that is taken. Right: "
        f"the share of those who {nouns.did_not} that is taken too. The further the curve lies "
        "above the dotted line of chance, the better."
    )
    plot = Plot(
        "roc",
        "ROC curve",
        f"The curve rises from 0 to 100 percent; the area under it is {auc}.",
        _shares(f"taken of those who {nouns.did_not}"),
        _shares(f"taken of those who {nouns.did}"),
    )
    plot.line([(0, 0), (1, 1)], "chance")
    plot.line(_xy(points), "curve")
    plot.marker("roc", cut and (cut.false_positive_rate, cut.recall))
    return Chart(
        "roc",
        f"ROC curve, area {auc}",
        reading,
        plot.render(),
        [("curve", "this version"), ("chance", "chance"), *_chosen(cut)],
        _curve_table(points, "False positive rate", "True positive rate"),
        plot,
    )


def precision_recall(version: Version, cut: Cut | None = None) -> Chart | None:
    """Precision against recall."""
    points = version.curve("pr")
    if points.empty:
        return None
    nouns = nouns_of(version)
    base = metric(version, "base_rate")[0]
    # With nothing taken, precision is 1 by convention; it would flatten the rest.
    shown = points.iloc[1:] if len(points) > 2 else points
    top = _ceiling(version, float(shown["y"].max()))
    plot = Plot(
        "pr",
        "Precision-recall curve",
        f"Precision by recall; chance is at {percent(base)}.",
        _shares(f"reached of those who {nouns.did} (recall)"),
        _rates(top, f"{nouns.did}, of those taken (precision)"),
    )
    plot.line([(0, base), (1, base)], "chance")
    plot.line(_xy(shown), "curve")
    plot.marker("pr", cut and (cut.recall, cut.precision))
    return Chart(
        "pr",
        f"Precision and recall, average {number(metric(version, 'average_precision')[0])}",
        f"Each point is a threshold. Right: the share of those who {nouns.did} that is reached. "
        "Up: their share among all who are taken. The dotted line is the base rate, which picking "
        "at random gives.",
        plot.render(),
        [("curve", "this version"), ("chance", "base rate"), *_chosen(cut)],
        _curve_table(points, "Recall", "Precision"),
        plot,
    )


def gain(version: Version, cut: Cut | None = None) -> Chart | None:
    """Cumulative gain."""
    points, decile = version.curve("gain"), version.curve("decile")
    if points.empty:
        return None
    nouns = nouns_of(version)
    base = metric(version, "base_rate")[0]
    reached = percent(_gained(decile)[0][1]) if len(decile) else "not recorded"
    plot = Plot(
        "gain",
        "Cumulative gain",
        f"Share of all {nouns.events} reached by the share of rows taken from the top; the "
        f"first tenth reaches {reached}.",
        _shares("taken from the top of the list"),
        _shares(f"of all {nouns.events} reached"),
    )
    plot.line([(0, 0), (1, 1)], "chance")
    perfect = 0 < base < 1
    if perfect:
        plot.line([(0, 0), (base, 1), (1, 1)], "ideal")
    plot.line(_xy(points), "curve")
    for row in _gained(decile):
        plot.dot((row[0], row[1]), "dot-curve", 3, f"top {percent(row[0])}: {percent(row[1])}")
    plot.marker("gain", cut and (cut.taken, cut.recall))
    return Chart(
        "gain",
        "Cumulative gain",
        f"The list starts with the highest score. Up: the share of all {nouns.events} that is "
        "reached. Right: the share of the list that this takes. Picking at random gives the "
        "dotted line" + (", perfect knowledge the dashed one." if perfect else "."),
        plot.render(),
        [
            ("curve", "this version"),
            ("chance", "at random"),
            *([("ideal", "perfect")] if perfect else []),
            *_chosen(cut),
        ],
        _curve_table(
            points,
            "Taken from the top",
            f"{nouns.events.capitalize()} reached",
            _writer(version),
        ),
        plot,
    )


def lift(version: Version) -> Chart | None:
    """Realised and expected mean of each tenth, with the decile table."""
    decile = version.curve("decile")
    if decile.empty:
        return None
    nouns, write = nouns_of(version), _writer(version)
    points = decile[["x", "y", "threshold", "weight"]].astype(float).to_dict("records")
    base = float((decile["y"] * decile["weight"]).sum() / decile["weight"].sum())
    top = _ceiling(version, 1.12 * float(max(decile["y"].max(), decile["x"].max(), base)))
    tenths = [(at + 0.5, str(at + 1)) for at in range(len(decile))]
    first, last = float(decile["y"].iloc[0]), float(decile["y"].iloc[-1])
    plot = Plot(
        "lift",
        f"{nouns.rate.capitalize()} by tenth of the scores",
        f"Bars from {write(first)} in the highest tenth to {write(last)} in the lowest; over all "
        f"rows it is {write(base)}.",
        Axis(0, len(decile), tenths, "tenth of the list, 1 has the highest scores"),
        _means(version, top, nouns.rate if _of_amounts(version) else nouns.did),
    )
    rows, gained = [], _gained(decile)
    for at, row in enumerate(points):
        realised, expected = row["y"], row["x"]
        plot.bar((at + 0.14, 0), (at + 0.86, realised), "bar", f"tenth {at + 1}: {write(realised)}")
        rows.append(
            [
                str(at + 1),
                write(row["threshold"]),
                count(row["weight"]),
                (amount if _of_amounts(version) else count)(realised * row["weight"]),
                write(realised),
                write(expected),
                number(realised / base, 2) if base > 0 else "",
                percent(gained[at][1]) if gained else "",
            ]
        )
    for at, row in enumerate(points):
        plot.dot((at + 0.5, row["x"]), "expected", 4, f"mean score {write(row['x'])}")
        if base > 0:
            above = (at + 0.5, max(row["x"], row["y"]))
            plot.text(above, number(row["y"] / base, 1), "value middle", (0, -9))
    plot.line([(0, base), (len(decile), base)], "chance")
    head = ["Tenth", "Least score", "Rows", nouns.events.capitalize(), nouns.rate.capitalize()]
    head += ["Mean score", "Lift", f"{nouns.events.capitalize()} reached so far"]
    bar, mean = (
        (nouns.rate, "mean of all rows")
        if _of_amounts(version)
        else (f"share that {nouns.did}", "base rate")
    )
    return Chart(
        "lift",
        "Lift by tenth",
        "The list of scores in ten equal parts. The number on a bar is its lift: how many "
        f"times the {mean} (dotted). A circle is what the scores promised for that tenth.",
        plot.render(),
        [("bar", bar), ("expected", "mean score"), ("chance", mean)],
        Table(head, rows),
        plot,
    )


def calibration(version: Version) -> Chart | None:
    """Mean score against what was realised."""
    points = version.curve("calibration")
    if points.empty:
        return None
    points = points.astype({"x": float, "y": float, "threshold": float, "weight": float})
    nouns, write = nouns_of(version), _writer(version)
    top = _ceiling(version, 1.05 * float(max(points["x"].max(), points["y"].max(), 1e-4)))
    ece = metric(version, "ece")[0]
    told = f", error {percent(ece)}" if math.isfinite(ece) else ""
    plot = Plot(
        "calibration",
        "Calibration",
        f"Realised {nouns.rate} by mean score in {len(points)} bins{told}.",
        _means(version, top, "mean score of the bin"),
        _means(version, top, nouns.rate if _of_amounts(version) else f"then {nouns.did}"),
    )
    plot.line([(0, 0), (top, top)], "chance")
    plot.line(_xy(points), "curve thin")
    most = float(points["weight"].max())
    rows = []
    for row in points.to_dict("records"):
        x, y, weight = row["x"], row["y"], row["weight"]
        hover = f"score {write(x)}, then {write(y)}, {count(weight)} rows"
        radius = round(3 + 4 * math.sqrt(weight / most), 1)
        plot.dot((x, y), "dot-curve", radius, hover)
        total = (amount if _of_amounts(version) else count)(y * weight)
        difference = number(y - x, 2) if _of_amounts(version) else number(100 * (y - x), 2)
        rows.append([write(row["threshold"]), write(x), write(y), difference, count(weight), total])
    unit = "" if _of_amounts(version) else " (points)"
    head = ["Scores from", "Mean score", f"Realised {nouns.rate}", f"Difference{unit}", "Rows"]
    exact = "amounts are right" if _of_amounts(version) else "a score of 5% means 5 in 100"
    return Chart(
        "calibration",
        f"Calibration{told}",
        "Each dot is a group of rows with similar scores. Right: the mean score. Up: what "
        f"happened. On the dotted line {exact}. Larger dots hold more rows.",
        plot.render(),
        [("dot-curve", "group of rows"), ("chance", "exact")],
        Table([*head, nouns.events.capitalize()], rows),
        plot,
    )


def scores(version: Version, cut: Cut | None = None) -> Chart | None:
    """Distribution of the scores of either outcome."""
    positive, negative = version.curve("score_positive"), version.curve("score_negative")
    there = [part for part in (negative, positive) if not part.empty]
    if not there:
        return None
    nouns = nouns_of(version)
    edges = pd.concat(there)
    low, high = float(edges["threshold"].min()), float(edges["x"].max())
    top = max(float(part["y"].max()) for part in there)
    plot = Plot(
        "scores",
        "Scores by outcome",
        f"Two distributions on a log-odds axis from {percent(low)} to {percent(high)}: of those "
        f"who {nouns.did}, lying to the right, and of those who {nouns.did_not}.",
        Axis(low, high, _probability_ticks(low, high), "score (log-odds scale)", _log_odds),
        _rates(_ceiling(version, top), "share of the outcome's rows"),
    )
    for part, css in ((negative, "negative"), (positive, "positive")):
        if not part.empty:
            plot.area(_steps(part), f"{css} fill")
            plot.line(_steps(part), css)
    plot.marker("scores", cut and (cut.threshold, 0.0), vertical=True)
    table = None
    if not positive.empty and not negative.empty:
        rows = [
            [
                f"{percent(p['threshold'])} to {percent(p['x'])}",
                count(p["weight"]),
                percent(p["y"]),
                count(n["weight"]),
                percent(n["y"]),
            ]
            for p, n in zip(positive.to_dict("records"), negative.to_dict("records"), strict=True)
            if p["weight"] or n["weight"]
        ]
        table = Table(
            [
                "Score",
                f"Rows that {nouns.did}",
                "Share of these",
                f"Rows that {nouns.did_not}",
                "Share of these",
            ],
            rows,
        )
    return Chart(
        "scores",
        "Scores by outcome",
        f"How the scores of those who {nouns.did} and of those who {nouns.did_not} are spread; "
        "each adds up to 100%. The less they overlap, the better the model tells them apart.",
        plot.render(),
        [
            ("positive", nouns.did),
            ("negative", nouns.did_not),
            *_chosen(cut, "line"),
        ],
        table,
        plot,
    )


def periods(version: Version) -> Chart | None:
    """Which time each fold covers."""
    table = version.folds
    if table.empty:
        return None
    nouns = nouns_of(version)
    stamps = {
        row["dataset"]: (pd.Timestamp(row["first_moment"]), pd.Timestamp(row["last_moment"]))
        for row in table.to_dict("records")
    }
    first = min(low for low, _ in stamps.values())
    last = max(high for _, high in stamps.values())
    day = pd.Timedelta(days=1)
    span = max((last - first) / day, 1.0)
    step = max(1, round(span / 6))
    ticks = [
        (float(at), f"{(first.normalize() + at * day):%-d %b}")
        for at in range(0, int(span) + 1, step)
    ]
    plot = Plot(
        "periods",
        "Data window",
        f"Three periods one after another from {moment(first)} to {moment(last)}.",
        Axis(0, span, ticks, ""),
        Axis(0, len(stamps), [], ""),
        height=132,
        margins=(10, 16, 28, 16),
    )
    for place, (name, (low, high)) in enumerate(stamps.items()):
        y = len(stamps) - place
        start, end = (low - first) / day, (high - first) / day
        plot.bar((start, y - 0.12), (max(end, start + span / 150), y - 0.88), f"fold-{name}")
        beside = span - end > start
        plot.text(
            (end if beside else start, y - 0.5),
            f"{name}: {FOLDS.get(name, '')}",
            "value" if beside else "value end",
            (6 if beside else -6, 4),
        )
    rows = [
        [
            row["dataset"],
            f"{moment(row['first_moment'])} to {moment(row['last_moment'])}",
            count(row["n_rows"]),
            count(row["n_subjects"]),
            count(row["n_converting_subjects"]),
        ]
        for row in table.to_dict("records")
    ]
    head = ["Fold", "Moments (UTC)", "Rows", "Subjects", f"Subjects that {nouns.did}"]
    return Chart(
        "periods",
        "Data window",
        "The model learnt from the earliest period, its calibration was checked on the next, and "
        "every figure on this page is from the latest. A subject is in one of them only.",
        plot.render(),
        [],
        Table(head, rows),
        plot,
    )


def _gained(decile: pd.DataFrame) -> list[tuple[float, float]]:
    """Share taken and share of positives reached after each tenth."""
    if decile.empty:
        return []
    weight = decile["weight"].astype(float)
    positive = (decile["y"] * decile["weight"]).astype(float)
    if positive.sum() <= 0:
        return []
    taken, reached = weight.cumsum() / weight.sum(), positive.cumsum() / positive.sum()
    return list(zip(taken, reached, strict=True))


def _xy(points: pd.DataFrame) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(points["x"], points["y"], strict=True)]


def _steps(part: pd.DataFrame) -> list[tuple[float, float]]:
    out = [(float(part["threshold"].iloc[0]), 0.0)]
    for row in part.to_dict("records"):
        out += [(row["threshold"], row["y"]), (row["x"], row["y"])]
    return [*out, (float(part["x"].iloc[-1]), 0.0)]


def _shares(label: str) -> Axis:
    return Axis(0, 1, [(at, tick(at)) for at in nice_ticks(0, 1)], label)


def _rates(top: float, label: str) -> Axis:
    return Axis(0, top, [(at, tick(at)) for at in nice_ticks(0, top)], label)


def _of_amounts(version: Version) -> bool:
    return version.kind == "value"


def _writer(version: Version) -> Callable[[float], str]:
    """Write scores and what they promise: shares, or amounts."""
    return amount if _of_amounts(version) else percent


def _means(version: Version, top: float, label: str) -> Axis:
    if _of_amounts(version):
        return Axis(0, top, [(at, plain(at)) for at in nice_ticks(0, top)], label)
    return _rates(top, label)


def _ceiling(version: Version, value: float) -> float:
    """Round an axis' end up to its next tick; a share's is at most 1."""
    ticks = nice_ticks(0, value)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else value
    up = math.ceil(value / step - 1e-9) * step if step > 0 else 1.0
    return up if _of_amounts(version) else min(1.0, up)


def _log_odds(p: float) -> float:
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def _probability_ticks(low: float, high: float) -> list[tuple[float, str]]:
    values = [p for p in _PROBABILITIES if low <= p <= high]
    if len(values) < 3:
        values = sorted(p for p in (*_PROBABILITIES, *_FINER) if low <= p <= high)
    return [(p, tick(p)) for p in values] or [(low, percent(low)), (high, percent(high))]


def _chosen(cut: Cut | None, css: str = "dot") -> list[tuple[str, str]]:
    return [(css, "chosen threshold")] if cut else []


def _curve_table(
    points: pd.DataFrame, x: str, y: str, write: Callable[[float], str] = percent
) -> Table:
    """Every fifth point: enough to redraw the curve by hand."""
    kept = points.iloc[sorted({*range(0, len(points), 5), len(points) - 1})]
    rows = [
        [
            "none taken" if math.isnan(row["threshold"]) else write(row["threshold"]),
            percent(row["x"]),
            percent(row["y"]),
        ]
        for row in kept.astype({"threshold": float}).to_dict("records")
    ]
    return Table(["Scores from", x, y], rows)
