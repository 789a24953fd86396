"""The visitors, day by day: who arrives, who opens a session, what the filter believes.

`Population.day()` simulates the next day and returns its events. Memory grows with the number of
visitors, not of days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.simulation.process import (
    CUSTOMER,
    DEVICE_CLASSES,
    N_ACTIVITIES,
    N_INTENTS,
    START_HOURS,
    STEP_IS_SUBMIT,
    WINDOW_HOURS,
    WINDOWS,
    Floats,
    Tables,
)
from ml.simulation.sessions import SessionPool, Sessions

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
LOOKBACK_DAYS = 30
N_HIDDEN = N_INTENTS * N_ACTIVITIES


@dataclass
class DayEvents:
    """A day's sessions and events, in order of visitor's window, with their truth.

    Attributes
    ----------
    sessions : Sessions
        See there.
    visitor, index : (K,)
        Visitor and `domain_sessionidx` of each session.
    start_us : (K,)
        Its first event, microseconds since the simulation began.
    converted_before : (K,)
        Whether the visitor had a `submit_form` before the session.
    session_of : (E,)
        Session of each event.
    p_given_history : (E,)
        The exact filter's chance of a `submit_form` within the hour after the event.
    """

    sessions: Sessions
    visitor: NDArray[np.int64]
    index: NDArray[np.int64]
    start_us: NDArray[np.int64]
    converted_before: NDArray[np.bool_]
    session_of: NDArray[np.int64]
    p_given_history: Floats


@dataclass
class Midnight:
    """What is true of each visitor of the last 30 days at a midnight (`as_of_us`)."""

    as_of_us: int
    visitor: NDArray[np.int64]
    p_given_state: Floats
    p_given_history: Floats
    converted_before: NDArray[np.bool_]


class Population:
    """All visitors that have arrived, with their hidden state and the filter's belief about it.

    Parameters
    ----------
    tables : Tables
        The process.
    seed : int
        Seed of the simulation.
    first_weekday : int
        Weekday of the first day, Monday 0.
    """

    def __init__(self, tables: Tables, seed: int, first_weekday: int) -> None:
        self._t = tables
        self._seed = seed
        self._first_weekday = first_weekday
        self._day = 0
        self._pools = [SessionPool(tables, i, seed) for i in range(N_INTENTS)]
        self.size = 0
        self.device = np.empty(0, np.int8)
        self.phase_us = np.empty(0, np.int64)
        self.sessions = np.empty(0, np.int64)
        self._intent = np.empty(0, np.int8)
        self._activity = np.empty(0, np.int8)
        self._last_us = np.empty(0, np.int64)
        self.last_submit_us = np.empty(0, np.int64)
        self._belief = np.empty((N_HIDDEN, 0))
        self._patterns = _window_patterns(tables)

    def day(self, arrivals: int) -> DayEvents:
        """Let `arrivals` visitors arrive, play the day and move to the next midnight."""
        rng = np.random.Generator(
            np.random.PCG64(np.random.SeedSequence([self._seed, 2, self._day]))
        )
        weekday = (self._first_weekday + self._day) % 7
        known = self.size
        self._arrive(arrivals, rng)
        active, opened = self._plan(known, weekday, rng)
        belief = self._belief[:, active].copy()
        was_customer = self.last_submit_us[active] >= 0
        submitted = np.zeros(len(active), bool)
        parts = []
        for window in range(WINDOWS):
            self._see_windows(belief, active, opened, window, known, weekday)
            at = np.flatnonzero(opened[:, window])
            parts.append(self._play(at, active[at], belief, window, submitted, was_customer, rng))
        self._end_day(active, belief, submitted, weekday, rng)
        self._day += 1
        return _join(parts)

    def midnight(self) -> Midnight:
        """Tell the truth at the midnight that the population has come to."""
        now = self._day * DAY_US
        seen = np.flatnonzero(self._last_us >= now - LOOKBACK_DAYS * DAY_US)
        weekday = (self._first_weekday + self._day) % 7
        chance = self._t.convert_7d[:, :, weekday]
        belief = self._belief[:, seen]
        total, convert = _weigh(belief, chance.ravel())
        return Midnight(
            as_of_us=now,
            visitor=seen,
            p_given_state=chance[self._intent[seen], self._activity[seen]],
            p_given_history=convert / total,
            converted_before=self.last_submit_us[seen] >= 0,
        )

    def _arrive(self, count: int, rng: np.random.Generator) -> None:
        p = self._t.parameters
        device = _choose(np.array(p.device_share), rng.random(count))
        first = np.array(p.first_intent)
        intent = _choose_rows(first, device, rng.random(count))
        activity = _choose(np.array(p.activity_share), rng.random(count))
        prior = np.einsum("di,a->iad", first, np.array(p.activity_share))
        prior = prior.reshape(N_HIDDEN, len(DEVICE_CLASSES))
        grow = np.concatenate
        self.device = grow([self.device, device.astype(np.int8)])
        self.phase_us = grow([self.phase_us, rng.integers(0, HOUR_US, count)])
        self.sessions = grow([self.sessions, np.zeros(count, np.int64)])
        self._intent = grow([self._intent, intent.astype(np.int8)])
        self._activity = grow([self._activity, activity.astype(np.int8)])
        self._last_us = grow([self._last_us, np.full(count, -1)])
        self.last_submit_us = grow([self.last_submit_us, np.full(count, -1)])
        self._belief = grow([self._belief, prior[:, device]], axis=1)
        self.size += count

    def _plan(
        self, known: int, weekday: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Visitors with a session today, and the windows (K, W) in which they open one."""
        hidden = self._intent.astype(np.int64) * N_ACTIVITIES + self._activity
        opens = self._t.open_window[:, :, :, weekday].reshape(N_HIDDEN, WINDOWS)
        any_session = 1 - np.prod(1 - opens, axis=1)
        old = np.flatnonzero(rng.random(known) < any_session[hidden[:known]])
        pattern = 1 + _choose_rows(self._patterns[weekday], hidden[old], rng.random(len(old)))
        old_windows = (pattern[:, None] >> np.arange(WINDOWS)) & 1 == 1
        new = np.arange(known, self.size)
        first = _choose(np.array(self._t.parameters.window_share), rng.random(len(new)))
        later = rng.random((len(new), WINDOWS)) < opens[hidden[new]]
        windows = np.arange(WINDOWS)
        new_windows = (windows == first[:, None]) | ((windows > first[:, None]) & later)
        return np.concatenate([old, new]), np.concatenate([old_windows, new_windows])

    def _see_windows(
        self,
        belief: Floats,
        active: NDArray[np.int64],
        opened: NDArray[np.bool_],
        window: int,
        known: int,
        weekday: int,
    ) -> None:
        """Weigh the belief by whether a session was opened in this window (in place).

        A visitor's first session says when they arrived, nothing about their intent.
        """
        opens = self._t.open_window[:, :, window, weekday].reshape(N_HIDDEN, 1)
        tells = (active < known) | opened[:, :window].any(axis=1)
        seen = np.where(opened[:, window], opens, 1 - opens)
        belief *= np.where(tells, seen, 1.0)

    def _play(
        self,
        at: NDArray[np.int64],
        visitor: NDArray[np.int64],
        belief: Floats,
        window: int,
        submitted: NDArray[np.bool_],
        was_customer: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> DayEvents:
        """Play one window's sessions; `at` are the visitors' places among the day's active ones."""
        acts_as = np.where(submitted[at], CUSTOMER, self._intent[visitor])
        order = np.argsort(acts_as, kind="stable")
        at, visitor, acts_as = at[order], visitor[order], acts_as[order]
        counts = np.bincount(acts_as, minlength=N_INTENTS)
        sessions = Sessions.concat(
            [pool.take(int(n)) for pool, n in zip(self._pools, counts, strict=True)]
        )
        session_of = np.repeat(np.arange(len(at)), sessions.length)
        intents = belief[:, at].reshape(N_INTENTS, N_ACTIVITIES, len(at)).sum(axis=1)
        # Whoever submitted earlier today is known to act as a customer.
        certain = submitted[at]
        intents[:, certain] = 0.0
        intents[CUSTOMER, certain] = 1.0
        total, convert = np.zeros((2, len(session_of)))
        for i in range(N_INTENTS):
            weight = intents[i, session_of]
            total += weight * sessions.joint[i]
            convert += weight * sessions.joint_convert[i]
        factor = np.where(certain, 1.0, sessions.likelihood)
        belief[:, at] *= np.repeat(factor, N_ACTIVITIES, axis=0)
        start = (
            self._day * DAY_US
            + self.phase_us[visitor]
            + window * WINDOW_HOURS * HOUR_US
            + rng.integers(0, START_HOURS * HOUR_US, len(at))
        )
        before = was_customer[at] | submitted[at]
        submitted[at] |= sessions.submit
        self.sessions[visitor] += 1
        last = np.cumsum(sessions.length) - 1
        self._last_us[visitor] = start + sessions.offset_us[last]
        submits = np.flatnonzero(STEP_IS_SUBMIT[sessions.step])
        at_us = start[session_of[submits]] + sessions.offset_us[submits]
        np.maximum.at(self.last_submit_us, visitor[session_of[submits]], at_us)
        return DayEvents(
            sessions=sessions,
            visitor=visitor,
            index=self.sessions[visitor],
            start_us=start,
            converted_before=before,
            session_of=session_of,
            p_given_history=convert / total,
        )

    def _end_day(
        self,
        active: NDArray[np.int64],
        belief: Floats,
        submitted: NDArray[np.bool_],
        weekday: int,
        rng: np.random.Generator,
    ) -> None:
        """Change intents overnight, and the belief with them."""
        idle_day, active_day = self._t.days()
        opens = self._t.open_window[:, :, :, weekday].reshape(N_HIDDEN, WINDOWS)
        stays_away = np.prod(1 - opens, axis=1)
        self._belief = _overnight(self._belief, idle_day, stays_away)
        by_activity = belief.reshape(N_INTENTS, N_ACTIVITIES, len(active))
        by_activity[CUSTOMER][:, submitted] = by_activity[:, :, submitted].sum(axis=0)
        by_activity[:CUSTOMER, :, submitted] = 0.0
        self._belief[:, active] = _overnight(belief, active_day, np.ones(N_HIDDEN))
        self._belief /= self._belief.sum(axis=0)
        self._intent[active[submitted]] = CUSTOMER
        change = rng.random(self.size)
        was_active = np.zeros(self.size, bool)
        was_active[active] = True
        for days, who in ((idle_day, ~was_active), (active_day, was_active)):
            at = np.flatnonzero(who)
            self._intent[at] = _choose_rows(days, self._intent[at].astype(np.int64), change[at])


def _join(parts: list[DayEvents]) -> DayEvents:
    """One `DayEvents` of all windows."""
    sessions = Sessions.concat([part.sessions for part in parts])
    return DayEvents(
        sessions=sessions,
        visitor=np.concatenate([part.visitor for part in parts]),
        index=np.concatenate([part.index for part in parts]),
        start_us=np.concatenate([part.start_us for part in parts]),
        converted_before=np.concatenate([part.converted_before for part in parts]),
        session_of=np.repeat(np.arange(len(sessions.length)), sessions.length),
        p_given_history=np.concatenate([part.p_given_history for part in parts]),
    )


def _weigh(belief: Floats, chance: Floats) -> tuple[Floats, Floats]:
    """Sum of the belief, and of the belief times the chance, over hidden states.

    Written out: a matrix product may add in another order on another number of threads.
    """
    total, weighted = np.zeros((2, belief.shape[1]))
    for row, p in zip(belief, chance, strict=True):
        total += row
        weighted += row * p
    return total, weighted


def _overnight(belief: Floats, days: Floats, seen: Floats) -> Floats:
    """Belief after a day: weighed by what was seen, then moved by the day's transitions."""
    out = np.zeros_like(belief)
    for i in range(N_INTENTS):
        for a in range(N_ACTIVITIES):
            row = belief[i * N_ACTIVITIES + a] * seen[i * N_ACTIVITIES + a]
            for j in np.flatnonzero(days[i]):
                out[j * N_ACTIVITIES + a] += row * days[i, j]
    return out


def _window_patterns(t: Tables) -> list[Floats]:
    """Per weekday, chances (hidden state, 15) of each non-empty set of windows as a bit mask."""
    bits = (np.arange(1, 2**WINDOWS)[:, None] >> np.arange(WINDOWS)) & 1
    out = []
    for weekday in range(7):
        opens = t.open_window[:, :, :, weekday].reshape(N_HIDDEN, 1, WINDOWS)
        chance = np.prod(np.where(bits == 1, opens, 1 - opens), axis=2)
        out.append(chance / chance.sum(axis=1, keepdims=True))
    return out


def _choose(share: Floats, u: Floats) -> NDArray[np.int64]:
    """Draw an index by its share."""
    cdf = np.cumsum(share)
    cdf[-1] = 1.0
    return np.searchsorted(cdf, u, side="right")


def _choose_rows(shares: Floats, row: NDArray[np.int64], u: Floats) -> NDArray[np.int64]:
    """Draw a column of the given row of `shares`, rows summing to 1."""
    rows, columns = shares.shape
    cdf = np.cumsum(shares, axis=1)
    cdf[:, -1] = 1.0
    flat = (cdf + np.arange(rows)[:, None]).ravel()
    return np.searchsorted(flat, row + u, side="right") - row * columns
