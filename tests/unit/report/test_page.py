from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from ml.report.page import file_name, index_page, not_trained_page, version_page
from ml.report.reader import NotTrained, Version
from ml.report.thresholds import cuts_of
from tests.unit.report.warehouse import ADVICE, HOSTILE, WHY


class Page(HTMLParser):
    """Elements with their attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> list[str | None]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


@pytest.fixture
def page(champion: Version) -> Page:
    return Page(version_page(champion))


def test_it_has_every_chart_and_section(page: Page) -> None:
    assert [name for name, n in Counter(page.ids).items() if n > 1] == []
    for name in ("lift", "gain", "roc", "pr", "calibration", "scores", "periods"):
        assert f"chart-{name}" in page.ids
    for name in ("confusion", "deciles", "lines", "features", "bands", "folds", "metrics"):
        assert name in page.ids
    for link in page.all("a"):
        assert (link["href"] or "").removeprefix("#") in page.ids


def test_it_asks_for_nothing_from_anywhere(page: Page) -> None:
    for tag, attributes in page.elements:
        assert not {"src", "srcset", "action", "data"} & set(attributes), (tag, attributes)
    assert [link["href"] for link in page.all("link")] == ["data:,"]


def test_its_policy_lets_its_own_script_and_style_run_and_no_other(champion: Version) -> None:
    html = version_page(champion)
    policy = re.search(r'Policy" content="([^"]+)"', html)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.S)
        assert body
        digest = base64.b64encode(hashlib.sha256(body[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]


def test_what_comes_from_data_is_escaped(champion: Version) -> None:
    html = version_page(champion)
    assert HOSTILE not in html
    assert "&lt;img src=http://hostile.test" in html
    page = Page(html)
    assert page.all("img") == []
    assert not any(name.startswith("on") for _, a in page.elements for name in a)
    breaking = replace(champion, row={**champion.row, "decision_reason": "</script><img src=x>"})
    assert Page(version_page(breaking)).all("img") == []


def test_it_opens_for_screen_readers(page: Page) -> None:
    assert len(page.all("h1")) == 1
    assert page.all("html") == [{"lang": "en"}]
    drawings = [svg for svg in page.all("svg") if svg.get("aria-hidden") != "true"]
    assert len(drawings) == 7 + 1 + 5  # charts, the scale of the effects, features
    for svg in drawings:
        assert svg["role"] == "img"
        assert set((svg["aria-labelledby"] or "").split()) <= set(page.ids)


def test_the_slider_holds_every_recorded_threshold(champion: Version) -> None:
    html = version_page(champion)
    data = re.search(r'id="cuts">(.*?)</script>', html, re.S)
    assert data
    points = json.loads(data[1])
    cuts = cuts_of(champion)
    slider = next(a for a in Page(html).all("input") if a["type"] == "range")
    assert (slider["min"], slider["max"]) == ("0", str(len(cuts) - 1))
    assert [p["true_positive"] for p in points] == [f"{c.true_positive:,.0f}" for c in cuts]
    for point in points:
        assert set(point["at"]) == {"roc", "pr", "gain", "scores"}


def test_a_threshold_is_started_with(champion: Version) -> None:
    cut = cuts_of(champion)[20]
    html = version_page(champion, cut.threshold)
    assert 'value="20" step' in html
    assert f"Chosen by --threshold {cut.threshold:g}." in html
    assert f'<span data-cut="true_positive">{cut.true_positive:,.0f}</span>' in html


def test_features_are_told_in_their_words_with_signs(page: Page) -> None:
    assert "visits in the last 7 days" in page.text
    assert re.search(r"\+\s*more raises it", page.text)
    assert "highest: desktop" in page.text


def test_a_refit_on_all_rows_is_told(champion: Version, rejected: Version) -> None:
    n_rows = json.loads(champion.text("params"))["refit_rows"]
    assert f"on all {n_rows:,} rows whose outcome is known" in version_page(champion)
    assert 'id="refitted"' not in version_page(rejected)


def test_a_rejected_version_names_the_leak_and_its_evidence(rejected: Version) -> None:
    page = Page(version_page(rejected))
    assert "Rejected" in page.text
    assert "A feature seems to know the outcome beforehand." in page.text
    leak = rejected.leaks.iloc[0]
    assert leak["feature"] == "noise"
    assert leak["evidence"] in page.text


@pytest.mark.parametrize("absent", ["curves", "metrics", "importance", "effects", "folds", "leaks"])
def test_what_was_not_recorded_is_left_out(champion: Version, absent: str) -> None:
    page = Page(version_page(replace(champion, **{absent: pd.DataFrame()})))
    assert len(page.all("h1")) == 1
    assert "nan" not in page.text.lower().split()


def test_a_model_of_value_speaks_of_amounts(champion: Version) -> None:
    metrics = pd.DataFrame(
        [
            ("test", "gini", 0.61, 0.5, 0.7),
            ("test", "total_ratio", 1.04, 0.9, 1.2),
            ("test", "mean_value", 12.5, 11.0, 14.0),
            ("test", "a_new_metric", 3.0, None, None),
        ],
        columns=["dataset", "metric", "value", "value_low", "value_high"],
    )
    shown = champion.curves[champion.curves["curve"].isin(["gain", "decile", "calibration"])]
    curves = shown.assign(
        x=shown["x"].where(shown["curve"] == "gain", 1_000 * shown["x"]),
        y=shown["y"].where(shown["curve"] == "gain", 1_000 * shown["y"]),
        threshold=1_000 * shown["threshold"],
    )
    row = {**champion.row, "model_name": "daily__value", "kind": "value", "base_rate": 11.25}
    version = replace(champion, row=row, metrics=metrics, curves=curves)
    page = Page(version_page(version))
    assert "How much revenue will this visitor bring" in page.text
    for words in ("Concentration (Gini)", "1 is right", "12.50", "11.25", "a new metric"):
        assert words in page.text, words
    assert "Effect on the expected amount" in page.text
    assert "chosen threshold" not in page.text
    assert {"chart-lift", "chart-gain", "chart-calibration", "deciles"} <= set(page.ids)
    assert not {"confusion", "chart-roc", "chart-scores"} & set(page.ids)
    first = version.curve("decile").iloc[0]
    assert first["y"] > 1
    assert f"{first['y']:,.2f}" in page.text
    assert "nan" not in page.text.lower().split()


def test_rows_of_one_outcome_have_a_page(champion: Version) -> None:
    only = champion.curves[champion.curves["curve"].isin(["calibration", "score_negative"])]
    page = Page(version_page(replace(champion, curves=only)))
    assert "chart-scores" in page.ids
    assert "chart-roc" not in page.ids


def test_a_model_that_was_not_trained_has_a_page_that_says_why_and_what_to_change() -> None:
    model = NotTrained("live", WHY, ADVICE, {"n_rows": 30, "n_subjects": 12})
    html = not_trained_page(model)
    assert '<p id="why">Too few subjects: 12 where 200 are asked for.</p>' in html
    assert '<p id="advice">Widen var training_window.</p>' in html
    assert "<dt>Subjects</dt><dd>12</dd>" in html


def test_the_index_leads_to_every_page(champion: Version) -> None:
    model = NotTrained("live", HOSTILE, "", {})
    pages = [(file_name(about), about) for about in (champion, model)]
    page = Page(index_page(pages))
    assert [a["href"] for a in page.all("a")][1:] == [
        f"daily-{champion.name}.html",
        "live-not-trained.html",
    ]


def test_file_names_are_safe_everywhere(champion: Version) -> None:
    row = {**champion.row, "version": "../a b:c"}
    assert file_name(replace(champion, row=row)) == "daily-.._a_b_c.html"
