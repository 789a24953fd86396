"""A visitor's events as one attribute source takes them: values by time, and totals of windows.

A reading asks for the events from some time on, so every question is about the end of a list
sorted by time. Counts, first and last values are read by bisection. Other totals are held per
period, and follow the start of its window, which moves little from one reading to the next.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left, bisect_right

from ml.signals.local.properties import Json, Scalar
from ml.signals.local.totals import Counts, exact, rounded


class Series:
    """The events of one visitor that one attribute source takes, sorted by time.

    Parameters
    ----------
    has_values : bool
        Whether values are kept besides times.
    limit : int
        Events that are kept; the oldest leave first.

    Examples
    --------
    >>> series = Series(has_values=True, limit=100)
    >>> for time, value in ((20, "b"), (30, "a"), (10, "a")):
    ...     _ = series.add(time, value)
    >>> [series.read("first", now=31, period=period) for period in (21, 20)]
    ['a', 'b']
    """

    __slots__ = ("has_values", "limit", "times", "totals", "values")

    def __init__(self, has_values: bool, limit: int) -> None:
        self.times: array[int] = array("q")
        self.values: list[Scalar] = []
        self.has_values = has_values
        self.limit = limit
        self.totals: dict[tuple[type[_Total], int], _Total] = {}

    @classmethod
    def load(cls, times: list[int], values: list[Scalar] | None, limit: int) -> Series:
        """Make a series of sorted times, and of their values if it has some."""
        made = cls(values is not None, limit)
        made.times.extend(times)
        made.values.extend(values or ())
        return made

    def add(self, time: int, value: Scalar | None) -> int:
        """Take an event; returns how many old ones had to leave."""
        times = self.times
        # Of events at the same time, the one that arrived last comes last.
        at = len(times) if not times or time >= times[-1] else bisect_right(times, time)
        times.insert(at, time)
        if self.has_values:
            self.values.insert(at, value)  # type: ignore[arg-type]
        for total in self.totals.values():
            total.added(at)
        # A tenth at once, so that a visitor at the limit does not pay at every event.
        return self.trim(max(1, self.limit // 10)) if len(times) > self.limit else 0

    def trim(self, count: int) -> int:
        """Forget the oldest events."""
        if count:
            for total in self.totals.values():
                total.trimmed(count)
            del self.times[:count]
            del self.values[:count]
        return count

    def forget_before(self, time: int) -> None:
        """Forget events before a time, once they are half of what is kept."""
        count = bisect_left(self.times, time)
        if count * 2 >= len(self.times):
            self.trim(count)

    def read(self, aggregation: str, now: int, period: int) -> Json:
        """Aggregate the events of a period; null if there are none, 0 for a counter.

        `time_since_first` and `time_since_last` are times here: of the first and last event.
        """
        start = bisect_left(self.times, now - period)
        count = len(self.times) - start
        if aggregation == "counter":
            return count
        if not count:
            return None
        if aggregation == "first":
            return self.values[start]
        if aggregation == "last":
            return self.values[-1]
        if aggregation == "time_since_first":
            return self.times[start]
        if aggregation == "time_since_last":
            return self.times[-1]
        kind = _TOTALS[aggregation]
        place = kind, period if issubclass(kind, _Moving) else 0
        total = self.totals.get(place)
        if total is None:
            total = self.totals[place] = kind(self)
        return total.read(aggregation, start)


class _Total(ABC):
    """A total over the events of a series from a start on that is told at reading."""

    def __init__(self, series: Series) -> None:
        self.series = series

    @abstractmethod
    def added(self, at: int) -> None:
        """Account for an event that was put in at a position."""

    @abstractmethod
    def trimmed(self, count: int) -> None:
        """Account for the oldest events, before they leave the series."""

    @abstractmethod
    def read(self, aggregation: str, start: int) -> Json:
        """Tell the value over the events from a start on."""


class _Moving(_Total):
    """A total that events enter and leave while its start moves."""

    def __init__(self, series: Series) -> None:
        super().__init__(series)
        self.start = len(series.times)
        # Ranks order the events of one time as the series does.
        self._lowest = self._highest = 0

    def move_to(self, start: int) -> None:
        while self.start > start:
            self.start -= 1
            self._lowest -= 1
            self.enter(self.start, self._lowest)
        while self.start < start:
            self.leave(self.start)
            self.start += 1

    def added(self, at: int) -> None:
        if at < self.start:
            self.start += 1
        else:
            self._highest += 1
            self.enter(at, self._highest)

    def trimmed(self, count: int) -> None:
        if count > self.start:
            self.move_to(count)
        self.start -= count

    @abstractmethod
    def enter(self, at: int, rank: int) -> None:
        """Take an event in."""

    @abstractmethod
    def leave(self, at: int) -> None:
        """Let an event go."""


class _Sum(_Moving):
    """Sum and mean of a series of numbers."""

    total = 0

    def enter(self, at: int, rank: int) -> None:
        self.total += exact(self.series.values[at])  # type: ignore[arg-type]

    def leave(self, at: int) -> None:
        self.total -= exact(self.series.values[at])  # type: ignore[arg-type]

    def read(self, aggregation: str, start: int) -> float:
        self.move_to(start)
        count = len(self.series.times) - start
        return rounded(self.total, count if aggregation == "mean" else 1)


class _Frequencies(_Moving):
    """How often each value occurs, and when it was seen last."""

    def __init__(self, series: Series) -> None:
        super().__init__(series)
        self.counts = Counts()

    def enter(self, at: int, rank: int) -> None:
        self.counts.enter(self.series.values[at], (self.series.times[at], rank))

    def leave(self, at: int) -> None:
        self.counts.leave(self.series.values[at])

    def read(self, aggregation: str, start: int) -> Json:
        self.move_to(start)
        return self.counts.read(aggregation)


class _Highest(_Total):
    """The highest value from any time on: of events that no later event reaches."""

    sign = 1

    def __init__(self, series: Series) -> None:
        super().__init__(series)
        self._times: list[int] = []
        self._values: list[float] = []
        self._is_built = False

    def _build(self) -> None:
        self._times, self._values, self._is_built = [], [], True
        for at in range(len(self.series.times)):
            self.added(at)

    def added(self, at: int) -> None:
        if not self._is_built:
            return
        time = self.series.times[at]
        value: float = self.sign * self.series.values[at]  # type: ignore[operator,assignment]
        place = bisect_right(self._times, time)
        if place < len(self._values) and self._values[place] >= value:
            return
        first = place
        while first and self._values[first - 1] <= value:
            first -= 1
        self._times[first:place] = [time]
        self._values[first:place] = [value]

    def trimmed(self, count: int) -> None:
        self._is_built = False  # trimming is rare, so the next reading builds it again

    def read(self, aggregation: str, start: int) -> Scalar:
        if not self._is_built:
            self._build()
        return self.sign * self._values[bisect_left(self._times, self.series.times[start])]


class _Lowest(_Highest):
    sign = -1


_TOTALS: dict[str, type[_Total]] = {
    "sum": _Sum,
    "mean": _Sum,
    "max": _Highest,
    "min": _Lowest,
    "approx_count_distinct": _Frequencies,
    "unique_list": _Frequencies,
    "most_frequent": _Frequencies,
    "least_frequent": _Frequencies,
    "category_count": _Frequencies,
}
