"""From a version to a page: everything is prepared here, the template only places it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

from markupsafe import Markup

from ml.report import figures
from ml.report.explanation import explanation_of
from ml.report.figures import Chart, Table
from ml.report.formats import amount, count, moment, percent
from ml.report.parity import parity_of
from ml.report.reader import NotTrained, ReportError, Version
from ml.report.thresholds import Cut, choose, cuts_of, landmarks
from ml.report.words import (
    HEADLINES,
    caution_of,
    effect_on,
    figure,
    judged_of,
    metric_names,
    nouns_of,
    question_of,
    reason_of,
    row_of,
    settings_of,
    status_of,
)

# Features beyond these are folded away.
N_FEATURES = 15
_DATASETS = ("test", "calibrate", "train")


def version_page(version: Version, threshold: float | None = None) -> str:
    """Write the page of one version.

    Parameters
    ----------
    version
        As read from the warehouse.
    threshold
        Least score taken that the page starts with; by default three times the base rate.

    Returns
    -------
    str
        HTML that needs nothing else.

    Raises
    ------
    ReportError
        `threshold` is no probability.
    """
    cuts = cuts_of(version)
    at, rule = choose(version, cuts, threshold) if cuts else (0, "")
    cut = cuts[at] if cuts else None
    charts: dict[str, Chart | None] = {
        "lift": figures.lift(version),
        "gain": figures.gain(version, cut),
        "roc": figures.roc(version, cut),
        "pr": figures.precision_recall(version, cut),
        "calibration": figures.calibration(version),
        "scores": figures.scores(version, cut),
        "periods": figures.periods(version),
    }
    return _render(
        "version.html.j2",
        title=f"{version.model_name} {version.name}",
        version=version,
        question=question_of(version),
        row=row_of(version.model_name),
        nouns=nouns_of(version),
        status=status_of(version),
        why=reason_of(version),
        caution=caution_of(version),
        judged=judged_of(version),
        headlines=[f for name in HEADLINES if (f := figure(version, name))],
        metrics=_metric_table(version),
        charts=charts,
        threshold=_threshold(version, cuts, at, rule, charts) if cuts else None,
        explanation=explanation_of(version),
        n_features=N_FEATURES,
        effect_on=effect_on(version),
        refitted=_refitted(version),
        facts=_facts(version),
        leaks=_leaks(version),
        parity=parity_of(version.model_name),
        notes=version.json("notes") or [],
        params=settings_of(version, "params"),
        packages=settings_of(version, "package_versions"),
    )


def not_trained_page(model: NotTrained) -> str:
    """Write the page of a model that has no version: why, and what to change."""
    labels = {
        "n_rows": "Training rows",
        "n_subjects": "Subjects",
        "n_converting_subjects": "Subjects with the outcome",
    }
    return _render(
        "not_trained.html.j2",
        title=f"{model.model_name}: not trained",
        model=model,
        counts=[(labels[k], count(v)) for k, v in model.counts.items() if k in labels],
    )


def index_page(pages: Sequence[tuple[str, Version | NotTrained]]) -> str:
    """Write the page that leads to the others.

    Parameters
    ----------
    pages
        File name and what it is about.
    """
    entries = []
    for name, about in pages:
        if isinstance(about, NotTrained):
            entries.append((name, about.model_name, "", "Not trained", "bad", "", ""))
            continue
        auc, reach = figure(about, "roc_auc"), figure(about, "top_decile_recall")
        status = status_of(about)
        entries.append(
            (
                name,
                about.model_name,
                about.name,
                status.label,
                status.css,
                f"{auc.value} ({auc.interval})" if auc else "",
                f"{reach.value} ({reach.interval})" if reach else "",
            )
        )
    return _render("index.html.j2", title="Propensity models", entries=entries)


def file_name(about: Version | NotTrained) -> str:
    """Name the page's file after model and version, in characters that every system takes."""
    name = (
        f"{about.model_name}-not-trained"
        if isinstance(about, NotTrained)
        else f"{about.model_name}-{about.name}"
    )
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name) + ".html"


def _metric_table(version: Version) -> Table:
    head = ["Figure", *(f"{name}: {figures.FOLDS[name]}" for name in _DATASETS)]
    rows = []
    for name in metric_names(version):
        there = [figure(version, name, dataset) for dataset in _DATASETS]
        label = next((f.label for f in there if f), name)
        better = next((f.better for f in there if f), "")
        cells = [
            (f"{f.value} ({f.interval})" if f.interval else f.value) if f else "" for f in there
        ]
        rows.append([f"{label}, {better} is better" if better else label, *cells])
    return Table(head, rows)


def _threshold(
    version: Version, cuts: list[Cut], at: int, rule: str, charts: dict[str, Chart | None]
) -> dict[str, Any]:
    told = [cut.told(version) for cut in cuts]
    marks = [
        {
            "roc": (cut.false_positive_rate, cut.recall),
            "pr": (cut.recall, cut.precision),
            "gain": (cut.taken, cut.recall),
            "scores": (cut.threshold, 0.0),
        }
        for cut in cuts
    ]
    places = [
        {
            name: chart.plot.at(*point)
            for name, point in mark.items()
            if (chart := charts.get(name)) and chart.plot
        }
        for mark in marks
    ]
    head = ["Least score taken", "Rows taken", "Share", "Reached (recall)"]
    head += ["Right among those taken (precision)", "Lift"]
    keys = ("threshold", "taken_rows", "taken", "recall", "precision", "lift")
    shown = sorted({*landmarks(cuts), at})
    return {
        "at": at,
        "rule": rule,
        "now": told[at],
        "last": len(cuts) - 1,
        "points": [{**text, "at": place} for text, place in zip(told, places, strict=True)],
        "table": Table(head, [[told[place][key] for key in keys] for place in shown]),
    }


def _facts(version: Version) -> list[tuple[str, str]]:
    nouns, row = nouns_of(version), row_of(version.model_name)
    subjects = "People" if row.subject == "person" else f"{row.subject.capitalize()}s"
    mean, write = ("mean revenue", amount) if version.kind == "value" else ("base rate", percent)
    found = figure(version, "mean_value" if version.kind == "value" else "base_rate")
    judged = f"{found.value} ({found.interval})" if found else ""
    trained = version.text("base_rate")
    facts = [
        ("Everything as of", _moment(version, "as_of_tstamp")),
        ("Trained", _moment(version, "trained_at")),
        ("Learnt from data until", _moment(version, "seen_until_tstamp")),
        (f"Rows ({row.each})", _count(version, "n_rows")),
        (subjects, _count(version, "n_subjects")),
        (f"{subjects} who {nouns.did}", _count(version, "n_converting_subjects")),
        (f"{mean.capitalize()} in training", write(float(trained)) if trained else ""),
        (f"{mean.capitalize()} of the rows that judge", judged),
        ("Definitions", version.text("definition_hash")),
        ("SHA-256 of the model", version.text("artefact_sha256")),
    ]
    return [(name, value) for name, value in facts if value]


def _refitted(version: Version) -> str:
    """Say on how many rows the version was refitted after it was judged; empty if it was not."""
    n_rows = dict(settings_of(version, "params")).get("refit_rows", "")
    if not n_rows:
        return ""
    return (
        "After the gate had accepted this version, it was fitted again with the same settings, on "
        f"all {count(float(n_rows))} rows whose outcome is known, including those that judged it. "
        "The figures are those of the model before that."
    )


def _moment(version: Version, column: str) -> str:
    text = moment(version.row.get(column))
    return f"{text} UTC" if text[0].isdigit() else ""


def _count(version: Version, column: str) -> str:
    text = version.text(column)
    return count(float(text)) if text else ""


def _leaks(version: Version) -> list[dict[str, str]]:
    return [
        {str(key): str(value) for key, value in row.items()}
        for row in version.leaks.to_dict("records")
    ]


def _render(template: str, **values: Any) -> str:  # noqa: ANN401 - what templates take
    try:
        import jinja2
    except ImportError as error:
        msg = "Jinja2 is not installed; pip install 'cdp-propensity[duckdb]'."
        raise ReportError(msg) from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ml.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    style, script = _asset("report.css"), _asset("report.js")
    return environment.get_template(template).render(
        style=Markup(style),
        script=Markup(script),
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
        data=_data,
        **values,
    )


def _asset(name: str) -> str:
    return resources.files("ml.report").joinpath("templates", name).read_text("utf-8")


def _csp_hash(text: str) -> str:
    """Hash by which the page's policy lets this text, and no other, run."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(value: Any) -> Markup:  # noqa: ANN401 - any JSON
    """Write JSON that cannot end the element it is in."""
    text = json.dumps(value, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
