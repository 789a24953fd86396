from __future__ import annotations

from xml.etree import ElementTree

import pytest

from ml.report.svg import Axis, Plot, nice_ticks


def plot(title: str = "Title", description: str = "What it shows.") -> Plot:
    axis = Axis(0, 10, [(0, "0"), (10, "10")], "across")
    return Plot("k", title, description, axis, axis, 100, 100, (0, 0, 0, 0))


def test_points_are_placed_from_the_lower_left_and_kept_within() -> None:
    assert plot().at(0, 0) == (0, 100)
    assert plot().at(10, 10) == (100, 0)
    assert plot().at(2.5, 5) == (25, 50)
    assert plot().at(99, -3) == (100, 100)


def test_shapes_have_the_places_of_the_data() -> None:
    drawn = plot()
    drawn.line([(0, 0), (5, 10)], "curve")
    drawn.bar((1, 0), (3, 4), "bar", "four")
    drawn.area([(0, 2), (10, 2)], "fill")
    drawn.marker("m", (5, 5))
    drawn.marker("v", (5, 5), vertical=True)
    drawn.marker("absent", None)
    text = drawn.render()
    assert '<polyline class="curve" points="0,100 50,0"/>' in text
    assert '<rect class="bar" x="10" y="60" width="20" height="40"><title>four</title>' in text
    assert '<polygon class="fill" points="0,100 0,80 100,80 100,100"/>' in text
    assert '<circle class="marker" data-marker="m" cx="50" cy="50" r="6"/>' in text
    assert '<line class="marker" data-marker="v" x1="50" x2="50" y1="0" y2="100"/>' in text
    assert "absent" not in text


def test_it_is_well_formed_named_and_escaped() -> None:
    drawn = plot('<script>"', "a & b")
    drawn.text((1, 1), "<b>", "value")
    drawn.dot((1, 1), "dot", hover="</svg>")
    root = ElementTree.fromstring(drawn.render())
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "k-title k-desc"
    assert [child.text for child in root[:2]] == ['<script>"', "a & b"]
    assert [child.text for child in root if child.attrib.get("class") == "value"] == ["<b>"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 0.004, [0, 0.001, 0.002, 0.003, 0.004]),
        (0, 37, [0, 10, 20, 30]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == pytest.approx(ticks)
