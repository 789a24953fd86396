"""A small plot: axes, lines, bars and dots as SVG text, coloured by the page's style sheet.

Written by hand rather than by a plotting library: the page needs eight plain charts that
take the page's own colours (dark, print), carry a title and a description for screen
readers, weigh a few kilobytes and need no script; what libraries embed is fifty times that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """One axis of a plot.

    Parameters
    ----------
    low, high
        Ends of the axis, in the data's unit.
    ticks
        Values and their labels.
    label
        What the axis shows.
    scale
        Applied to values before they are placed; identity by default.
    """

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    label: str
    scale: Callable[[float], float] = float

    def share(self, value: float) -> float:
        """Position of a value along the axis, 0 to 1, kept within."""
        low, high = self.scale(self.low), self.scale(self.high)
        at = (self.scale(value) - low) / (high - low) if high > low else 0.5
        return min(max(at, 0.0), 1.0)


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values that cover an interval, at most `most`.

    Examples
    --------
    >>> nice_ticks(0, 1)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> nice_ticks(0, 0.37, 5)
    [0.0, 0.1, 0.2, 0.3]
    """
    if not high > low:
        return [low]
    raw = (high - low) / max(most - 1, 1)
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * by for by in (1, 2, 2.5, 5, 10) if size * by >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(at * step, 12) for at in range(first, last + 1)]


@dataclass
class Plot:
    """An SVG chart in the making.

    Parameters
    ----------
    key
        Starts the ids of its title and description; unique on the page.
    title, description
        What a screen reader says: what it is, and what it shows.
    x, y
        Axes; y None for a strip without one.
    width, height
        In SVG's unit; the page scales it to the column.
    margins
        Top, right, bottom, left.
    """

    key: str
    title: str
    description: str
    x: Axis
    y: Axis | None
    width: float = 480
    height: float = 340
    margins: tuple[float, float, float, float] = (14, 24, 48, 58)
    _parts: list[Markup] = field(default_factory=list)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the drawing area."""
        top, right, bottom, left = self.margins
        return left, top, self.width - right, self.height - bottom

    def at(self, x: float, y: float = 0.0) -> Point:
        """Place a point of the data, rounded to a tenth."""
        left, top, right, bottom = self.box
        across = left + self.x.share(x) * (right - left)
        down = (top + bottom) / 2 if self.y is None else bottom - self.y.share(y) * (bottom - top)
        return round(across, 1), round(down, 1)

    def line(self, points: Iterable[Point], css: str) -> None:
        """Join points of the data by a line."""
        path = " ".join(f"{x:g},{y:g}" for x, y in (self.at(*point) for point in points))
        self._parts.append(Markup('<polyline class="{}" points="{}"/>').format(css, path))

    def area(self, points: Iterable[Point], css: str) -> None:
        """Fill between points and the foot of the plot."""
        placed = [self.at(*point) for point in points]
        foot = self.box[3]
        path = [(placed[0][0], foot), *placed, (placed[-1][0], foot)]
        text = " ".join(f"{x:g},{y:g}" for x, y in path)
        self._parts.append(Markup('<polygon class="{}" points="{}"/>').format(css, text))

    def bar(self, start: Point, end: Point, css: str, hover: str = "") -> None:
        """Draw the rectangle between two points of the data."""
        (x0, y0), (x1, y1) = self.at(*start), self.at(*end)
        self._parts.append(
            Markup(
                '<rect class="{}" x="{:g}" y="{:g}" width="{:g}" height="{:g}">{}</rect>'
            ).format(css, min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0), _hover(hover))
        )

    def dot(self, point: Point, css: str, radius: float = 4, hover: str = "") -> None:
        """Mark a point of the data."""
        x, y = self.at(*point)
        self._parts.append(
            Markup('<circle class="{}" cx="{:g}" cy="{:g}" r="{:g}">{}</circle>').format(
                css, x, y, radius, _hover(hover)
            )
        )

    def text(self, point: Point, words: str, css: str, shift: Point = (0, 0)) -> None:
        """Write beside a point of the data."""
        x, y = self.at(*point)
        self._parts.append(
            Markup('<text class="{}" x="{:g}" y="{:g}">{}</text>').format(
                css, x + shift[0], y + shift[1], words
            )
        )

    def marker(self, name: str, point: Point | None, vertical: bool = False) -> None:
        """Mark a point of the data so that the page's script can move the mark."""
        if point is None:
            return
        x, y = self.at(*point)
        _, top, _, bottom = self.box
        if vertical:
            shape = Markup(
                '<line class="marker" data-marker="{}" x1="{:g}" x2="{:g}" y1="{:g}" y2="{:g}"/>'
            ).format(name, x, x, top, bottom)
        else:
            shape = Markup('<circle class="marker" data-marker="{}" cx="{:g}" cy="{:g}" r="6"/>')
            shape = shape.format(name, x, y)
        self._parts.append(shape)

    def render(self) -> Markup:
        """Return the whole chart."""
        return Markup(
            '<svg role="img" viewBox="0 0 {w:g} {h:g}" aria-labelledby="{k}-title {k}-desc">'
            '<title id="{k}-title">{title}</title><desc id="{k}-desc">{desc}</desc>'
            "{axes}{parts}</svg>"
        ).format(
            w=self.width,
            h=self.height,
            k=self.key,
            title=self.title,
            desc=self.description,
            axes=self._axes(),
            parts=Markup("").join(self._parts),
        )

    def _axes(self) -> Markup:
        left, top, right, bottom = self.box
        parts = []
        for value, label in self.x.ticks:
            x = self.at(value)[0]
            parts.append(_rule(x, top, x, bottom, "grid"))
            if label:
                parts.append(_label(x, bottom + 17, label, "tick middle"))
        if self.y is not None:
            for value, label in self.y.ticks:
                y = self.at(self.x.low, value)[1]
                parts.append(_rule(left, y, right, y, "grid"))
                parts.append(_label(left - 7, y + 4, label, "tick end"))
            if self.y.ticks:
                parts.append(_rule(left, bottom, right, bottom, "axis"))
            middle = (top + bottom) / 2
            turn = Markup(' transform="rotate(-90 14 {:g})"').format(middle)
            if self.y.label:
                parts.append(_label(14, middle, self.y.label, "label middle", turn))
        if self.x.label:
            foot = self.height - 8
            parts.append(_label((left + right) / 2, foot, self.x.label, "label middle"))
        return Markup("").join(parts)


def _rule(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    return Markup('<line class="{}" x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}"/>').format(
        css, x1, y1, x2, y2
    )


def _label(x: float, y: float, words: str, css: str, extra: str = "") -> Markup:
    return Markup('<text class="{}" x="{:g}" y="{:g}"{}>{}</text>').format(css, x, y, extra, words)


def _hover(words: str) -> Markup:
    return Markup("<title>{}</title>").format(words) if words else Markup("")
