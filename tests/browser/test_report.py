"""The report's pages in a real browser, as people open them: from disk."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from ml.model import artefact
from tests.unit.report.warehouse import HOSTILE, training_rows

CHECKS = (Path(__file__).parent / "checks.js").read_text()
CHARTS = ("lift", "gain", "roc", "pr", "calibration", "scores", "periods")


def name_of(registry: pd.DataFrame, at: int) -> str:
    return f"daily-{registry['version'].iloc[at]}.html"


def open_page(browser: Chrome, page: Path) -> None:
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    emulate(browser)
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(page.as_uri())


def emulate(browser: Chrome, media: str = "", scheme: str = "light") -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def texts(browser: Chrome) -> dict[str, str]:
    """What the page says of the chosen threshold, each place once."""
    found: dict[str, str] = {}
    for element in browser.find_elements(By.CSS_SELECTOR, "[data-cut]"):
        name = str(element.get_attribute("data-cut"))
        assert found.setdefault(name, element.text) == element.text
    return found


@pytest.fixture
def champion(browser: Chrome, pages: Path, registry: pd.DataFrame) -> Chrome:
    open_page(browser, pages / name_of(registry, 0))
    return browser


@pytest.fixture(scope="module")
def expected(registry: pd.DataFrame) -> list[tuple[float, float, float, float]]:
    """Confusion matrix at each recorded threshold, counted from the scores of the model judged."""
    row = registry.iloc[0]
    test = training_rows().query("fold == 'test'")
    model = artefact.from_bytes(row["artefact"], row["artefact_sha256"])
    score = model.as_gated().predict_proba(test)
    y = test["target"].to_numpy(dtype=bool)
    curves = pd.DataFrame(json.loads(row["curves"]))
    thresholds = curves.query("curve == 'confusion'")["threshold"].dropna().to_numpy(dtype=float)
    taken = [score >= threshold for threshold in thresholds]
    return [((t & y).sum(), (t & ~y).sum(), (~t & y).sum(), (~t & ~y).sum()) for t in taken]


def test_every_page_opens_from_disk_without_network_or_error(browser: Chrome, pages: Path) -> None:
    found = sorted(pages.glob("*.html"))
    assert len(found) == 4  # two versions, a model that was not trained, the index
    for page in found:
        open_page(browser, page)
        events = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
        asked = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
        assert browser.get_log("browser") == []
        assert browser.execute_script(CHECKS) == []


def test_each_chart_is_seen_and_named(champion: Chrome) -> None:
    for chart in CHARTS:
        svg = champion.find_element(By.CSS_SELECTOR, f"#chart-{chart} > svg")
        assert svg.is_displayed()
        assert svg.size["width"] > 400
        assert svg.size["height"] > 100
        drawn = champion.execute_script(
            "const b = arguments[0].getBBox(), v = arguments[0].viewBox.baseVal;"
            "return [b.width / v.width, b.height / v.height]",
            svg,
        )
        assert 0.8 < min(drawn) <= max(drawn) < 1.05
    assert len(champion.find_elements(By.CSS_SELECTOR, "#features td.strip svg")) == 5


def test_the_keyboard_moves_the_threshold_and_the_matrix_with_it(
    champion: Chrome, expected: list[tuple[float, float, float, float]]
) -> None:
    for _ in range(60):
        ActionChains(champion).send_keys(Keys.TAB).perform()
        if champion.switch_to.active_element.get_attribute("id") == "threshold":
            break
    slider = champion.switch_to.active_element
    assert slider.get_attribute("id") == "threshold"
    assert champion.execute_script(
        "return getComputedStyle(arguments[0]).outlineWidth", slider
    ) == ("3px")

    def check(at: int) -> tuple[Any, ...]:
        assert slider.get_attribute("value") == str(at)
        now = texts(champion)
        names = ("true_positive", "false_positive", "false_negative", "true_negative")
        assert [now[name] for name in names] == [f"{int(n):,}" for n in expected[at]]
        true_positive, false_positive, false_negative, _ = expected[at]
        precision = true_positive / (true_positive + false_positive)
        assert float(now["precision"].rstrip("%")) == pytest.approx(100 * precision, abs=0.051)
        told = f"reaches {int(true_positive):,} of {int(true_positive + false_negative):,}"
        assert told in now["sentence"]
        assert (slider.get_attribute("aria-valuetext") or "").startswith(now["threshold"])
        shown = champion.find_element(By.ID, "threshold-now").text
        assert shown == now["threshold"]
        marks = champion.find_elements(By.CSS_SELECTOR, "[data-marker]")
        return tuple((m.get_attribute("cx"), m.get_attribute("x1")) for m in marks)

    start = int(slider.get_attribute("value") or "")
    before = check(start)
    slider.send_keys(Keys.ARROW_RIGHT)
    after = check(start + 1)
    assert len(before) == 4
    assert all(one != other for one, other in zip(before, after, strict=True))
    slider.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    check(start - 2)
    slider.send_keys(Keys.END)
    check(len(expected) - 1)
    slider.send_keys(Keys.HOME)
    check(0)


def test_marks_lie_on_their_curves(champion: Chrome) -> None:
    slider = champion.find_element(By.ID, "threshold")
    for key in (Keys.HOME, Keys.END):
        slider.send_keys(key)
        for chart in ("roc", "gain"):
            mark = champion.find_element(By.CSS_SELECTOR, f"[data-marker={chart}]")
            curve = champion.find_element(By.CSS_SELECTOR, f"#chart-{chart} polyline.curve")
            points = [
                [float(part) for part in pair.split(",")]
                for pair in str(curve.get_attribute("points")).split()
            ]
            xs, ys = np.array(points).T
            x, y = (float(mark.get_attribute(name) or "nan") for name in ("cx", "cy"))
            assert y == pytest.approx(np.interp(x, xs, ys), abs=6)


def test_the_first_key_skips_to_the_content(champion: Chrome) -> None:
    ActionChains(champion).send_keys(Keys.TAB).perform()
    assert champion.switch_to.active_element.text == "Skip to the content"
    ActionChains(champion).send_keys(Keys.ENTER).perform()
    assert champion.switch_to.active_element.get_attribute("id") == "content"


def test_without_script_it_still_says_everything(
    browser: Chrome, pages: Path, registry: pd.DataFrame
) -> None:
    page = pages / name_of(registry, 0)
    open_page(browser, page)
    with_script = texts(browser)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(page.as_uri())
    assert not browser.find_element(By.ID, "threshold").is_displayed()
    assert texts(browser) == with_script
    assert len(browser.find_elements(By.CSS_SELECTOR, "#lines tbody tr")) >= 8
    assert browser.find_element(By.CSS_SELECTOR, "[data-marker=roc]").is_displayed()


def test_what_comes_from_data_never_runs(champion: Chrome, registry: pd.DataFrame) -> None:
    assert champion.title == f"daily {registry['version'].iloc[0]}"
    assert champion.find_elements(By.TAG_NAME, "img") == []
    assert f"device {HOSTILE}" in champion.find_element(By.ID, "features").text


@pytest.mark.parametrize("at", [0, 1])
def test_in_the_dark_it_can_be_read(
    browser: Chrome, pages: Path, registry: pd.DataFrame, at: int
) -> None:
    open_page(browser, pages / name_of(registry, at))
    emulate(browser, scheme="dark")
    body = browser.find_element(By.TAG_NAME, "body")
    colour = re.findall(r"\d+", body.value_of_css_property("background-color"))
    assert max(int(part) for part in colour[:3]) < 40
    assert browser.execute_script(CHECKS) == []


def test_it_fits_a_screen_of_400_pixels(champion: Chrome) -> None:
    size = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    champion.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    width = champion.execute_script("return document.documentElement.scrollWidth")
    assert width == 400
    for chart in CHARTS:
        svg = champion.find_element(By.CSS_SELECTOR, f"#chart-{chart} > svg")
        assert 340 < svg.size["width"] <= 400
    assert champion.execute_script(CHECKS) == []


def test_it_prints_on_a4(champion: Chrome) -> None:
    wanted = {"printBackground": True, "preferCSSPageSize": True}
    pdf = base64.b64decode(champion.execute_cdp_cmd("Page.printToPDF", wanted)["data"])
    assert pdf.startswith(b"%PDF-")
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert {(round(float(w) / 72 * 25.4), round(float(h) / 72 * 25.4)) for w, h in boxes} == {
        (210, 297)
    }
    assert 4 <= len(boxes) <= 8
    emulate(champion, media="print")
    assert not champion.find_element(By.TAG_NAME, "nav").is_displayed()
    assert not champion.find_element(By.ID, "slider-block").is_displayed()
    for chart in CHARTS:
        assert champion.find_element(By.CSS_SELECTOR, f"#chart-{chart} > svg").is_displayed()


def test_the_index_leads_to_the_pages(browser: Chrome, pages: Path, registry: pd.DataFrame) -> None:
    open_page(browser, pages / "index.html")
    browser.find_element(By.PARTIAL_LINK_TEXT, registry["version"].iloc[1]).click()
    assert browser.find_element(By.CSS_SELECTOR, ".verdict .badge").text == "Rejected"
