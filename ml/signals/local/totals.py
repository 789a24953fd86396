"""Totals of values: exact sums, counts of values, and values over a visitor's lifetime.

Sums are integers in units of the smallest double, so nothing drifts while values enter and leave,
and the order in which events arrive changes nothing.
"""

from __future__ import annotations

import heapq
from typing import Any

from ml.signals.local.properties import Json, Scalar, as_text

FOLLOWED = 100
"""Values that lists, categories and frequencies hold, as Signals documents it."""
LIFETIME_VALUES = 100_000
"""Different values of one visitor that a lifetime attribute counts; further ones are left out."""
_SCALE = 1074  # the smallest positive double is 2**-1074

Key = Any
Order = tuple[int, int]
"""Time of an event, then its rank among the events of that time."""


def exact(value: float) -> int:
    """Write a number as an integer, in units of the smallest double.

    Examples
    --------
    >>> rounded(exact(1e100) + exact(0.1) - exact(1e100))
    0.1
    """
    if isinstance(value, int):
        return value << _SCALE
    top, bottom = value.as_integer_ratio()
    return top << (_SCALE - bottom.bit_length() + 1)


def rounded(total: int, count: int = 1) -> float:
    """Find the double nearest to an exact total divided by a count."""
    return total / (count << _SCALE)


def _key(value: Scalar) -> Key:
    # As keys of a dict, True and 1 would be the same.
    return (value,) if value is True or value is False else value


def _value(key: Key) -> Scalar:
    return key[0] if isinstance(key, tuple) else key


class Counts:
    """How often each value occurs, and when it was seen last.

    Examples
    --------
    >>> counts = Counts()
    >>> for at, value in enumerate(["/home", "/products", "/home"]):
    ...     counts.enter(value, (at, 0))
    >>> counts.read("unique_list"), counts.read("most_frequent"), counts.read("category_count")
    (['/products', '/home'], '/home', {'/home': 2, '/products': 1})
    """

    __slots__ = ("counts", "seen")

    def __init__(self) -> None:
        self.counts: dict[Key, int] = {}
        self.seen: dict[Key, Order] = {}

    def enter(self, value: Scalar, order: Order) -> None:
        """Count a value."""
        key = _key(value)
        self.counts[key] = self.counts.get(key, 0) + 1
        if key not in self.seen or order > self.seen[key]:
            self.seen[key] = order

    def leave(self, value: Scalar) -> None:
        """Take back the oldest sighting of a value."""
        key = _key(value)
        self.counts[key] -= 1
        if not self.counts[key]:
            del self.counts[key], self.seen[key]

    def __contains__(self, value: Scalar) -> bool:
        return _key(value) in self.counts

    def read(self, aggregation: str) -> Json:
        """Aggregate; there is at least one value."""
        counts, seen = self.counts, self.seen
        if aggregation == "approx_count_distinct":
            return len(counts)
        if aggregation == "unique_list":
            latest = heapq.nlargest(FOLLOWED, seen, key=seen.__getitem__)
            return [_value(key) for key in reversed(latest)]

        def rank(key: Key) -> tuple[int, Order]:
            return counts[key], seen[key]

        if aggregation == "most_frequent":
            return _value(max(counts, key=rank))
        kept = heapq.nlargest(FOLLOWED, counts, key=rank)
        if aggregation == "least_frequent":
            return _value(kept[-1])
        return {as_text(_value(key)): counts[key] for key in kept}

    def dump(self) -> list[list[Any]]:
        """As JSON can hold it."""
        return [[_value(k), n, *self.seen[k]] for k, n in self.counts.items()]

    @classmethod
    def load(cls, rows: list[list[Any]]) -> Counts:
        """Read what `dump` gave."""
        made = cls()
        for value, count, *order in rows:
            key = _key(value)
            made.counts[key], made.seen[key] = count, (order[0], order[1])
        return made


class Lifetime:
    """A value over all events that an attribute took, without keeping the events.

    Examples
    --------
    >>> state = Lifetime("mean")
    >>> for time, value in ((1, 1.0), (2, 2.0)):
    ...     _ = state.add(time, value, taken=time)
    >>> state.read()
    1.5
    """

    __slots__ = ("aggregation", "best", "count", "counts", "updated")

    def __init__(self, aggregation: str) -> None:
        self.aggregation = aggregation
        self.count = 0
        self.best: Json = None
        self.counts = Counts() if aggregation in _COUNTED else None
        self.updated = 0

    def add(self, time: int, value: Json, taken: int) -> bool:
        """Take an event; false if its value could not be counted any more."""
        self.count += 1
        self.updated = max(self.updated, taken)
        kind, best = self.aggregation, self.best
        if self.counts is not None:
            if len(self.counts.counts) >= LIFETIME_VALUES and value not in self.counts:
                return False
            self.counts.enter(value, (time, self.count))
        elif kind in ("sum", "mean"):
            self.best = exact(value) + (best or 0)
        elif kind in ("min", "max"):
            self.best = value if best is None else (min if kind == "min" else max)(best, value)
        elif kind in ("first", "last"):
            is_new = best is None or (time < best[0] if kind == "first" else time >= best[0])
            self.best = [time, value] if is_new else best
        elif kind == "time_since_first":
            self.best = time if best is None else min(best, time)
        elif kind == "time_since_last":
            self.best = time if best is None else max(best, time)
        return True

    def read(self) -> Json:
        """Read the value: for `time_since_first` and `_last`, the time of that event."""
        kind = self.aggregation
        if self.counts is not None:
            return self.counts.read(kind)
        if kind == "counter":
            return self.count
        if kind in ("sum", "mean"):
            return rounded(self.best, self.count if kind == "mean" else 1)
        return self.best[1] if kind in ("first", "last") else self.best

    def dump(self) -> list[Any]:
        """As JSON can hold it."""
        best = str(self.best) if self.aggregation in ("sum", "mean") else self.best
        return [self.count, self.updated, best, self.counts and self.counts.dump()]

    @classmethod
    def load(cls, aggregation: str, state: list[Any]) -> Lifetime:
        """Read what `dump` gave."""
        made = cls(aggregation)
        made.count, made.updated, made.best, counts = state
        if aggregation in ("sum", "mean"):
            made.best = int(made.best)
        if counts is not None:
            made.counts = Counts.load(counts)
        return made


_COUNTED = frozenset(
    ["approx_count_distinct", "unique_list", "most_frequent", "least_frequent", "category_count"]
)
