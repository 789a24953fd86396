"""Sessions, drawn in large pools: one pool per intent, consumed in order.

Sessions of one intent are independent and have the same distribution, so ten thousand of them can
be drawn before it is known who opens them. Each event has the two sums that the filter needs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ml.simulation import site
from ml.simulation.process import (
    APP_IDS,
    CUSTOMER,
    MAX_EVENTS,
    N_ACTIONS,
    N_INTENTS,
    N_STEPS,
    STEP_ACTION,
    STEP_APP,
    STEP_IS_SUBMIT,
    STEP_PAGE,
    VIEW,
    Floats,
    Tables,
)

GAP_US = 10_000_000
JITTER_US = 400_000
GAP_BEATS = (0.8, 0.95)
"""A gap is 10 s, or 20 s (15 %), or 30 s (5 %), plus up to 0.4 s: the tracker's heartbeat."""

N_CAMPAIGNS = len(site.CAMPAIGNS)


@dataclass
class Sessions:
    """Sessions in a row, with their events in a row (E events, K sessions).

    Attributes
    ----------
    length : (K,)
        Events of each session.
    submit : (K,)
        Whether it has a `submit_form`.
    likelihood : (I, K)
        Likelihood of the whole session under each intent, divided by the largest.
    step, offset_us : (E,)
        Step, and microseconds since the session's first event.
    number, view, on_page : (E,)
        Position in the session, number of the page view in it, and count of earlier events of the
        same action on that page view (for pings, the ping's own number).
    url, referrer : (E,)
        Codes of the page address (`page * campaigns + campaign`) and of the referrer (such an
        address, or past those, `site.REFERRERS`).
    to_come : (E,)
        Whether a `submit_form` follows within the session.
    joint, joint_convert : (I, E)
        Under each intent: likelihood of the session before the event, times the chance that an
        event of this app follows; the same times the chance of a `submit_form` after it.
    p_given_state : (E,)
        Chance of a `submit_form` after the event under the true intent.
    """

    length: NDArray[np.int64]
    submit: NDArray[np.bool_]
    likelihood: Floats
    step: NDArray[np.int64]
    offset_us: NDArray[np.int64]
    number: NDArray[np.int64]
    view: NDArray[np.int64]
    on_page: NDArray[np.int64]
    url: NDArray[np.int64]
    referrer: NDArray[np.int64]
    to_come: NDArray[np.bool_]
    joint: Floats
    joint_convert: Floats
    p_given_state: Floats

    def part(self, first: int, last: int, begin: int, end: int) -> Sessions:
        """Sessions `first` to `last`, which hold the events `begin` to `end`."""
        per_session = {"length", "submit", "likelihood"}
        return Sessions(
            **{
                f.name: getattr(self, f.name)[
                    ..., slice(first, last) if f.name in per_session else slice(begin, end)
                ]
                for f in fields(self)
            }
        )

    @staticmethod
    def concat(parts: list[Sessions]) -> Sessions:
        """Join sessions end to end."""
        if len(parts) == 1:
            return parts[0]
        return Sessions(
            **{
                f.name: np.concatenate([getattr(part, f.name) for part in parts], axis=-1)
                for f in fields(Sessions)
            }
        )


class SessionPool:
    """An endless row of sessions of one intent.

    Parameters
    ----------
    tables : Tables
        The process.
    intent : int
        Index into `ml.simulation.process.INTENTS`.
    seed : int
        Seed of the simulation.
    size : int, default 2048
        Sessions drawn at a time; the sessions do depend on it.
    """

    def __init__(self, tables: Tables, intent: int, seed: int, size: int = 2048) -> None:
        self._tables = tables
        self._intent = intent
        self._size = size
        self._rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 1, intent])))
        self._pool = _draw(tables, intent, size, self._rng)
        self._ends = np.cumsum(self._pool.length)
        self._used = 0

    def take(self, count: int) -> Sessions:
        """Take the next `count` sessions."""
        parts = [self._pool.part(0, 0, 0, 0)]
        while count > 0:
            if self._used == len(self._ends):
                self._pool = _draw(self._tables, self._intent, self._size, self._rng)
                self._ends = np.cumsum(self._pool.length)
                self._used = 0
            last = min(self._used + count, len(self._ends))
            begin = int(self._ends[self._used - 1]) if self._used else 0
            parts.append(self._pool.part(self._used, last, begin, int(self._ends[last - 1])))
            count -= last - self._used
            self._used = last
        return Sessions.concat(parts)


def _draw(t: Tables, intent: int, size: int, rng: np.random.Generator) -> Sessions:
    steps = _draw_steps(t, intent, size, rng)
    length = (steps >= 0).sum(axis=1)
    step = steps[steps >= 0]
    first = np.repeat(np.cumsum(length) - length, length)
    number = np.arange(len(step)) - first
    is_submit = STEP_IS_SUBMIT[step]
    submits = np.cumsum(is_submit)
    submits_before = submits - is_submit
    earlier = submits_before - submits_before[first]
    to_come = np.repeat(submits[np.cumsum(length) - 1], length) > submits
    likelihood, joint, joint_convert, p_state = _filter_sums(
        t, intent, step, number, earlier > 0, length
    )
    landing, campaign_share = _landings(t, intent, size, rng)
    likelihood *= campaign_share
    likelihood /= likelihood.max(axis=0)
    # The channel is known from the first event on, so it matters for every later one.
    share = np.repeat(campaign_share, length, axis=1)
    share[:, number == 0] = 1.0
    url, referrer, view, on_page = _addresses(step, number, first, landing, length, rng)
    return Sessions(
        length=length,
        submit=np.add.reduceat(is_submit, np.cumsum(length) - length) > 0,
        likelihood=likelihood,
        step=step,
        offset_us=_offsets(number, first, rng),
        number=number,
        view=view,
        on_page=on_page,
        url=url,
        referrer=referrer,
        to_come=to_come,
        joint=joint * share,
        joint_convert=joint_convert * share,
        p_given_state=p_state,
    )


def _draw_steps(t: Tables, intent: int, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Step of each event, (size, MAX_EVENTS), -1 after the session's end."""
    start = np.cumsum(t.start[intent])
    start[-1] = 1.0
    move = np.cumsum(t.move, axis=2)
    move[:, :, -1] = 1.0
    move = (move + np.arange(N_INTENTS * N_STEPS).reshape(N_INTENTS, N_STEPS, 1)).ravel()
    steps = np.full((size, MAX_EVENTS), -1)
    here = np.searchsorted(start, rng.random(size), side="right")
    alive = np.arange(size)
    acts_as = np.full(size, intent)
    for n in range(MAX_EVENTS):
        steps[alive, n] = here
        acts_as = np.where(STEP_IS_SUBMIT[here], CUSTOMER, acts_as)
        row = acts_as * N_STEPS + here
        here = np.searchsorted(move, row + rng.random(len(row)), side="right") - row * (N_STEPS + 1)
        goes_on = here < N_STEPS
        alive, here, acts_as = alive[goes_on], here[goes_on], acts_as[goes_on]
        if not len(alive):
            break
    return steps


def _filter_sums(
    t: Tables,
    intent: int,
    step: NDArray[np.int64],
    number: NDArray[np.int64],
    converted: NDArray[np.bool_],
    length: NDArray[np.int64],
) -> tuple[Floats, Floats, Floats, Floats]:
    """Likelihood of each session, and `joint`, `joint_convert`, `p_given_state` of each event.

    Whoever is a customer when a session begins is known to be one, as they have submitted before:
    a customer's session is weighed under that intent alone, any other under the other four.
    """
    events, is_first, last = len(step), number == 0, np.cumsum(length) - 1
    begin = last - length + 1
    previous = np.roll(step, 1)
    previous[begin] = 0
    # Row of the tables: the step before, or that there is none.
    move_at = np.where(is_first, N_STEPS, previous) * (N_STEPS + 1) + step
    app_at = (number * N_STEPS + previous) * len(APP_IDS) + STEP_APP[step]
    end_at = step[last] * (N_STEPS + 1) + N_STEPS
    ends_freely = length < MAX_EVENTS
    ends_converted = converted[last] | STEP_IS_SUBMIT[step[last]]
    log_before, joint, joint_convert = np.zeros((3, N_INTENTS, events))
    log_end = np.zeros((N_INTENTS, len(length)))
    weighed = [CUSTOMER] if intent == CUSTOMER else [i for i in range(N_INTENTS) if i != CUSTOMER]
    log_move, next_app, next_app_convert = _flat_tables(t)
    late = np.flatnonzero(converted)
    for i in weighed:
        gain = log_move[i].take(move_at)
        gain[late] = log_move[CUSTOMER].take(move_at[late])
        joint[i] = next_app[i].take(app_at)
        joint[i, late] = next_app[CUSTOMER].take(app_at[late])
        joint_convert[i] = next_app_convert[i].take(app_at)
        joint_convert[i, late] = next_app_convert[CUSTOMER].take(app_at[late])
        total = np.cumsum(gain)
        base = total[begin] - gain[begin]
        log_before[i] = total - gain - np.repeat(base, length)
        leave = np.where(ends_converted, log_move[CUSTOMER].take(end_at), log_move[i].take(end_at))
        log_end[i] = total[last] - base + np.where(ends_freely, leave, 0.0)
    p_state = joint_convert[intent] / joint[intent]
    weight, likelihood = np.zeros_like(joint), np.zeros_like(log_end)
    weight[weighed] = np.exp(log_before[weighed] - log_before[weighed].max(axis=0))
    likelihood[weighed] = np.exp(log_end[weighed] - log_end[weighed].max(axis=0))
    return likelihood, joint * weight, joint_convert * weight, p_state


@lru_cache(maxsize=4)
def _flat_tables(t: Tables) -> tuple[Floats, Floats, Floats]:
    """Log chances of moves, the last row being the start; the `next_app` tables; flat by intent."""
    start = np.concatenate([t.start, np.zeros((N_INTENTS, 1))], axis=1)
    with np.errstate(divide="ignore"):
        log_move = np.log(np.concatenate([t.move, start[:, None, :]], axis=1))
    by_intent = [
        np.ascontiguousarray(np.moveaxis(table, 1, 0)).reshape(N_INTENTS, -1)
        for table in (t.next_app, t.next_app_convert)
    ]
    return log_move.reshape(N_INTENTS, -1), by_intent[0], by_intent[1]


def _landings(
    t: Tables, intent: int, size: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Row of the landing tables of each session, and its channel's share under each intent."""
    share = np.array(t.parameters.channel_share)
    cdf = np.cumsum(share[intent])
    cdf[-1] = 1.0
    channel = np.searchsorted(cdf, rng.random(size), side="right")
    landing = np.searchsorted(site.LANDING_CDF, channel + rng.random(size), side="right")
    return landing, share[:, channel]


def _offsets(
    number: NDArray[np.int64], first: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    beats = 1 + np.searchsorted(GAP_BEATS, rng.random(len(number)), side="right")
    gap = beats * GAP_US + rng.integers(0, JITTER_US, len(number))
    gap[number == 0] = 0
    total = np.cumsum(gap)
    return total - total[first]


def _addresses(
    step: NDArray[np.int64],
    number: NDArray[np.int64],
    first: NDArray[np.int64],
    landing: NDArray[np.int64],
    length: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Codes of address and referrer, number of the page view, and count of the action on it."""
    is_view = STEP_ACTION[step] == VIEW
    page_view = np.cumsum(is_view) - 1
    kind = STEP_PAGE[step[is_view]]
    page = np.searchsorted(site.PAGE_CDF, kind + rng.random(len(kind)), side="right")
    lands = (number == 0)[is_view]
    row = np.repeat(landing, length)[is_view]
    url = page * N_CAMPAIGNS + np.where(lands, site.LANDING_CAMPAIGN[row], 0)
    external = site.N_SITE * N_CAMPAIGNS + site.LANDING_REFERRER[row]
    referrer = np.where(lands, external, np.roll(url, 1))
    return (
        url[page_view],
        referrer[page_view],
        page_view - page_view[first],
        _count_on_page(step, page_view),
    )


def _count_on_page(step: NDArray[np.int64], page_view: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the earlier events of the same action on the same page view."""
    action = STEP_ACTION[step]
    group = page_view * N_ACTIONS + action
    count = np.zeros(len(step), np.int64)
    for wanted in range(N_ACTIONS):
        at = np.flatnonzero(action == wanted)
        new = np.ones(len(at), bool)
        new[1:] = group[at][1:] != group[at][:-1]
        starts = np.flatnonzero(new)
        count[at] = np.arange(len(at)) - starts[np.cumsum(new) - 1]
    return count
