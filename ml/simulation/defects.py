"""Defects that real pipelines have: each has a switch of its own, and a rate.

Whether an event or visitor has a defect is decided by a hash of its identifier. So no state is
needed, and a switch changes only the events that have its defect. `late` and `skew` change the
clocks of these events; all other defects add events and change none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.simulation import identity, site
from ml.simulation.identity import Stream
from ml.simulation.population import DAY_US, HOUR_US
from ml.simulation.process import N_ACTIONS, N_STEPS, PAGES, STEP_ACTION, STEP_PAGE, SUBMIT, VIEW
from ml.simulation.rows import NULL, EventRows, clocks

N_CAMPAIGNS = len(site.CAMPAIGNS)
NO_REFERRER = site.N_SITE * N_CAMPAIGNS
SECOND_DEVICE = 1 << 40
FIRST_ROBOT = -2
ROBOTS = 20
MINUTE_US = 60_000_000

DEFECTS: dict[str, str] = {
    "duplicates": "share of events that arrive again, same event_id, 1 s to 2 days later",
    "late": "share of events that arrive 2 minutes to 3 days late",
    "bots": "robot page views per real event; one robot makes two thirds of them",
    "null_ids": "share of events sent once more by someone without cookies: null domain_userid",
    "test": "test events per real event: app_id website-test, or a page on localhost",
    "skew": "share of events whose derived_tstamp is 1 to 400 days after their collector_tstamp",
    "cross_device": "share of logged-in visitors with a second device under the same user_id",
    "consent": "share of visitors who answer the consent banner of their first session",
}
"""Name of each switch and what its rate means."""


def check_rates(rates: Mapping[str, float]) -> None:
    """Check the names and rates of switches.

    Raises
    ------
    ValueError
        A name is unknown or a rate out of range.

    Examples
    --------
    >>> check_rates({"late": 0.02})
    """
    for name, rate in rates.items():
        if name not in DEFECTS:
            raise ValueError(f"Unknown defect {name!r}; known are {', '.join(DEFECTS)}.")
        if not 0 <= rate <= 1:
            raise ValueError(f"Rate of {name} is {rate:g}; it must lie between 0 and 1.")


@dataclass(frozen=True)
class _Draw:
    """Uniform numbers for one kind of defect, by event key."""

    seed: int
    kind: int

    def __call__(self, keys: NDArray, use: int = 0) -> NDArray[np.float64]:
        return identity.uniform(identity.hash_of(self.seed, Stream.DEFECT, self.kind, use, keys))

    def keys(self, keys: NDArray) -> identity.Keys:
        """Make new identifiers from old ones."""
        return identity.hash_of(self.seed, Stream.DEFECT, self.kind, 99, keys)


class Defects:
    """Adds the chosen defects to a day's events and holds back what arrives later.

    Parameters
    ----------
    rates : mapping of str to float
        Switches that are on, and their rates; see `DEFECTS`.
    seed : int
        Seed of the simulation.
    epoch_us : int
        Start of the simulation, microseconds since 1970.

    Raises
    ------
    ValueError
        See `check_rates`.
    """

    def __init__(self, rates: Mapping[str, float], seed: int, epoch_us: int) -> None:
        check_rates(rates)
        self._rates = {name: rate for name, rate in rates.items() if rate > 0}
        self._seed = seed
        self._epoch_us = epoch_us
        self._held: defaultdict[int, list[EventRows]] = defaultdict(list)

    def arrivals(self, day: int, rows: EventRows) -> EventRows:
        """All events that arrive on a day, given those that happened on it.

        Parameters
        ----------
        day : int
            Day since the start.
        rows : EventRows
            The day's real events, in any order.

        Returns
        -------
        EventRows
            Ordered by arrival.
        """
        changed = rows
        for name in ("late", "skew"):
            if name in self._rates:
                changed = _CHANGES[name](changed, self._rates[name], self._draw(name))
        parts = [changed]
        for name, add in _ADDITIONS.items():
            if name in self._rates:
                parts.append(add(rows, self._rates[name], self._draw(name), self._midnight(day)))
        if "duplicates" in self._rates:
            parts.append(_duplicates(changed, self._rates["duplicates"], self._draw("duplicates")))
        self._hold(EventRows.concat(parts))
        arrived = EventRows.concat([rows.take(slice(0)), *self._held.pop(day, [])])
        return arrived.take(np.lexsort((arrived.event_key, arrived.collector_us)))

    def still_to_come(self) -> int:
        """Count the events that would arrive after the last day; they are not written."""
        return sum(len(rows) for parts in self._held.values() for rows in parts)

    def _hold(self, rows: EventRows) -> None:
        arrival = (rows.collector_us - self._epoch_us) // DAY_US
        for day in np.unique(arrival):
            self._held[int(day)].append(rows.take(arrival == day))

    def _draw(self, name: str) -> _Draw:
        return _Draw(self._seed, list(DEFECTS).index(name))

    def _midnight(self, day: int) -> int:
        return self._epoch_us + day * DAY_US


def _log_uniform(u: NDArray[np.float64], low: float, high: float) -> NDArray[np.int64]:
    return (low * (high / low) ** u).astype(np.int64)


def _late(rows: EventRows, rate: float, draw: _Draw) -> EventRows:
    chosen = draw(rows.event_key) < rate
    delay = _log_uniform(draw(rows.event_key, 1), 2 * MINUTE_US, 3 * DAY_US)
    wait = np.where(chosen, delay, 0)
    return rows.with_columns(sent_us=rows.sent_us + wait, collector_us=rows.collector_us + wait)


def _skew(rows: EventRows, rate: float, draw: _Draw) -> EventRows:
    chosen = draw(rows.event_key) < rate
    ahead = np.where(chosen, _log_uniform(draw(rows.event_key, 1), DAY_US, 400 * DAY_US), 0)
    return rows.with_columns(derived_us=rows.derived_us + ahead, created_us=rows.created_us + ahead)


def _duplicates(rows: EventRows, rate: float, draw: _Draw) -> EventRows:
    again = rows.take(draw(rows.event_key) < rate)
    wait = _log_uniform(draw(again.event_key, 1), 1_000_000, 2 * DAY_US)
    return again.with_columns(collector_us=again.collector_us + wait)


def _bots(rows: EventRows, rate: float, draw: _Draw, midnight_us: int) -> EventRows:
    count = round(rate * len(rows))
    serial = draw.keys(np.arange(count) + midnight_us)
    small = draw(serial, 1) >= 2 / 3
    robot = np.where(small, 1 + (draw(serial, 2) * ROBOTS).astype(np.int64), 0)
    page = (draw(serial, 3) * site.N_SITE).astype(np.int64)
    kind = np.array([PAGES.index(p.kind) for p in site.SITE])[page]
    visitor = FIRST_ROBOT - robot
    derived = midnight_us + (draw(serial, 4) * (DAY_US - HOUR_US)).astype(np.int64)
    key = draw.keys(serial)
    day = midnight_us // DAY_US
    full = np.full(count, NULL)
    return EventRows(
        event_key=key,
        view_key=draw.keys(key),
        session_key=draw.keys(visitor * 100_000 + day),
        visitor=visitor,
        user=full,
        session_index=np.full(count, day),
        step=kind * N_ACTIONS + VIEW,
        on_page=np.zeros(count, np.int64),
        url=page * N_CAMPAIGNS,
        referrer=np.full(count, NO_REFERRER),
        device=np.full(count, len(site.DEVICES)),
        place=np.zeros(count, np.int64),
        app=full,
        bot=np.ones(count, bool),
        **clocks(derived, key, np.zeros(count, np.int64), draw.seed),
    )


def _copies(rows: EventRows, draw: _Draw) -> EventRows:
    """Take the rows as other events: new identifiers throughout."""
    return rows.with_columns(
        event_key=draw.keys(rows.event_key),
        view_key=draw.keys(rows.view_key),
        session_key=draw.keys(rows.session_key),
    )


def _null_ids(rows: EventRows, rate: float, draw: _Draw, midnight_us: int) -> EventRows:  # noqa: ARG001
    chosen = _copies(rows.take(draw(rows.event_key) < rate), draw)
    nobody = np.full(len(chosen), NULL)
    return chosen.with_columns(visitor=nobody, user=nobody)


def _test(rows: EventRows, rate: float, draw: _Draw, midnight_us: int) -> EventRows:  # noqa: ARG001
    chosen = _copies(rows.take(draw(rows.event_key) < rate), draw)
    by_app = draw(chosen.event_key, 1) < 0.5
    tester = FIRST_ROBOT - ROBOTS - 1 - (draw(chosen.event_key, 2) * 5).astype(np.int64)
    local = site.LOCAL_URL
    return chosen.with_columns(
        visitor=tester,
        user=np.full(len(chosen), NULL),
        app=np.where(by_app, len(site.APP_IDS), NULL),
        url=np.where(by_app, chosen.url, local),
    )


def _cross_device(rows: EventRows, rate: float, draw: _Draw, midnight_us: int) -> EventRows:
    """Repeat about half of the sessions of some people, hours later on their second device.

    A form is never submitted there, so the truth of the first device stands.
    """
    person = (rows.user != NULL) & (draw(rows.user) < rate)
    session = person & (draw(rows.session_key, 1) < 0.5)
    rows = rows.take(session & (STEP_ACTION[rows.step] != SUBMIT))
    later = ((1 + 2 * draw(rows.session_key, 2)) * HOUR_US).astype(np.int64)
    copy = _copies(rows, draw)
    copy = copy.with_columns(
        visitor=rows.visitor + SECOND_DEVICE,
        device=(rows.device + 4) % len(site.DEVICES),
        derived_us=rows.derived_us + later,
        created_us=rows.created_us + later,
        sent_us=rows.sent_us + later,
        collector_us=rows.collector_us + later,
    )
    return copy.take(copy.collector_us < midnight_us + DAY_US)


def _consent(rows: EventRows, rate: float, draw: _Draw, midnight_us: int) -> EventRows:  # noqa: ARG001
    landed = (rows.session_index == 1) & (rows.step % N_ACTIONS == VIEW)
    landed &= rows.referrer >= NO_REFERRER
    rows = rows.take(landed & (draw(rows.visitor) < rate))
    key = draw.keys(rows.event_key)
    wait = ((2 + 5 * draw(key)) * 1_000_000).astype(np.int64)
    return rows.with_columns(
        event_key=key,
        step=N_STEPS + STEP_PAGE[rows.step],
        derived_us=rows.derived_us + wait,
        created_us=rows.created_us + wait,
        sent_us=rows.sent_us + wait,
        collector_us=rows.collector_us + wait,
    )


_CHANGES: dict[str, Callable[[EventRows, float, _Draw], EventRows]] = {"late": _late, "skew": _skew}
_ADDITIONS: dict[str, Callable[[EventRows, float, _Draw, int], EventRows]] = {
    "bots": _bots,
    "null_ids": _null_ids,
    "test": _test,
    "cross_device": _cross_device,
    "consent": _consent,
}
