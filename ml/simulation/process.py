"""The hidden process: intent, sessions, pages and the chance of a conversion.

A visitor carries an *intent* (hidden, changes at most once a day) and an *activity* class (hidden,
fixed). Four times a day, in windows of their own clock, they may open a session; the chance depends
on intent, activity, time of day and weekday. A session is a Markov chain over *steps*, a step being
a page type together with what the visitor does there; its transition probabilities depend on intent
alone. `submit_form` is one of those steps and turns the visitor into a customer.

Every gap inside a session has the same law, whatever comes next, and no event of a visitor falls
within an hour of their next window. So "a conversion within the hour" is "in the rest of this
session", and all probabilities below are finite sums: nothing is approximated.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

INTENTS = ("browsing", "evaluating", "ready", "lost", "customer")
CUSTOMER = INTENTS.index("customer")
ACTIVITIES = ("light", "regular", "heavy")
DEVICE_CLASSES = ("Desktop", "Phone", "Tablet")
CHANNELS = ("direct", "organic", "cpc", "email", "social", "referral")
PAGES = ("home", "product", "customers", "blog", "docs", "pricing", "demo", "app")
ACTIONS = (
    "page_view",
    "page_ping",
    "link_click",
    "play_event",
    "percent_progress_event",
    "pause_event",
    "focus_form",
    "change_form",
    "submit_form",
)
APP_IDS = ("website", "docs", "app")

N_INTENTS, N_ACTIVITIES, N_PAGES, N_ACTIONS = (
    len(INTENTS),
    len(ACTIVITIES),
    len(PAGES),
    len(ACTIONS),
)
N_STEPS = N_PAGES * N_ACTIONS
VIEW, PING, CLICK, PLAY, PROGRESS, PAUSE, FOCUS, CHANGE, SUBMIT = range(N_ACTIONS)

STEP_PAGE = np.repeat(np.arange(N_PAGES), N_ACTIONS)
STEP_ACTION = np.tile(np.arange(N_ACTIONS), N_PAGES)
PAGE_APP = np.array([0, 0, 0, 0, 1, 0, 0, 2])
STEP_APP = PAGE_APP[STEP_PAGE]
STEP_IS_SUBMIT = STEP_ACTION == SUBMIT

MAX_EVENTS = 110
"""Longest session, in events: at 30.4 s a gap it stays under an hour."""

WINDOWS = 4
WINDOW_HOURS = 6
START_HOURS = 4
"""A session starts within the first 4 hours of its 6-hour window and lasts under one."""


@dataclass(frozen=True)
class Parameters:
    """Numbers of the process; the difficulty of the prediction follows from them and is fixed.

    Rows are intents (see `INTENTS`) unless a comment says otherwise; rates are per day.
    """

    # Share of a new visitor's intents, per device class.
    first_intent: tuple[tuple[float, ...], ...] = (
        (0.58, 0.2, 0.1, 0.12, 0.0),
        (0.57, 0.16, 0.06, 0.21, 0.0),
        (0.58, 0.18, 0.08, 0.16, 0.0),
    )
    device_share: tuple[float, ...] = (0.60, 0.34, 0.06)
    activity_share: tuple[float, ...] = (0.50, 0.38, 0.12)
    activity_rate: tuple[float, ...] = (0.5, 1.0, 2.2)
    # Intent tomorrow, after a day without a session and after a day with one.
    idle_day: tuple[tuple[float, ...], ...] = (
        (0.968, 0.012, 0.0, 0.02, 0.0),
        (0.02, 0.942, 0.026, 0.012, 0.0),
        (0.0, 0.015, 0.97, 0.015, 0.0),
        (0.003, 0.001, 0.0, 0.996, 0.0),
        (0.0, 0.0, 0.0, 0.0, 1.0),
    )
    active_day: tuple[tuple[float, ...], ...] = (
        (0.92, 0.06, 0.0, 0.02, 0.0),
        (0.02, 0.9, 0.07, 0.01, 0.0),
        (0.0, 0.015, 0.975, 0.01, 0.0),
        (0.03, 0.01, 0.0, 0.96, 0.0),
        (0.0, 0.0, 0.0, 0.0, 1.0),
    )
    sessions_a_day: tuple[float, ...] = (0.13, 0.22, 0.34, 0.02, 0.1)
    window_share: tuple[float, ...] = (0.08, 0.28, 0.40, 0.24)
    # Monday first.
    weekday_rate: tuple[float, ...] = (1.15, 1.2, 1.2, 1.15, 1.0, 0.62, 0.68)
    # Channels of a session, in the order of `CHANNELS`.
    channel_share: tuple[tuple[float, ...], ...] = (
        (0.25, 0.33, 0.14, 0.07, 0.13, 0.08),
        (0.27, 0.31, 0.17, 0.08, 0.09, 0.08),
        (0.28, 0.29, 0.19, 0.09, 0.07, 0.08),
        (0.25, 0.33, 0.13, 0.06, 0.15, 0.08),
        (0.55, 0.18, 0.02, 0.18, 0.03, 0.04),
    )
    # Pages of a session, in the order of `PAGES`: first page, and later ones.
    landing: tuple[tuple[float, ...], ...] = (
        (0.3752, 0.1668, 0.0521, 0.2502, 0.0938, 0.015, 0.0156, 0.0313),
        (0.3581, 0.1592, 0.0497, 0.2387, 0.0895, 0.06, 0.0149, 0.0298),
        (0.32, 0.1422, 0.0444, 0.2133, 0.08, 0.16, 0.0133, 0.0267),
        (0.3752, 0.1668, 0.0521, 0.2502, 0.0938, 0.015, 0.0156, 0.0313),
        (0.2, 0.06, 0.02, 0.08, 0.2, 0.015, 0.005, 0.42),
    )
    onward: tuple[tuple[float, ...], ...] = (
        (0.1727, 0.2742, 0.0914, 0.2336, 0.1219, 0.025, 0.0305, 0.0508),
        (0.1558, 0.2475, 0.0825, 0.2108, 0.11, 0.12, 0.0275, 0.0458),
        (0.1063, 0.1688, 0.0563, 0.1438, 0.075, 0.4, 0.0187, 0.0312),
        (0.1735, 0.2756, 0.0919, 0.2348, 0.1225, 0.02, 0.0306, 0.051),
        (0.1, 0.08, 0.03, 0.08, 0.24, 0.02, 0.005, 0.445),
    )
    # Chance to leave the page at the next event, and then to end the session.
    leave_page: tuple[float, ...] = (0.5, 0.48, 0.46, 0.5, 0.4)
    end_session: tuple[float, ...] = (0.36, 0.31, 0.25, 0.4, 0.34)
    click: float = 0.04
    play: tuple[float, ...] = (0.01, 0.014, 0.016, 0.008, 0.004)
    focus: tuple[float, ...] = (0.0016, 0.009, 0.21, 0.0013, 0.001)
    change: tuple[float, ...] = (0.75, 0.75, 0.78, 0.75, 0.6)
    submit: tuple[float, ...] = (0.07, 0.08, 0.085, 0.07, 0.04)
    # How much a page invites to its form, and to its video, in the order of `PAGES`.
    form_pull: tuple[float, ...] = (0.8, 1.0, 1.0, 0.7, 0.3, 1.2, 1.4, 0.5)
    media_pull: tuple[float, ...] = (0.5, 1.5, 1.2, 0.8, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Tables:
    """Everything the generator and the filter look up, computed from `Parameters`.

    Shapes: I intents, A activity classes, S steps, N = MAX_EVENTS, W windows, P apps.

    Attributes
    ----------
    start : (I, S)
        Step of a session's first event.
    move : (I, S, S + 1)
        Next step; the last column ends the session.
    convert : (N, I, S)
        Chance of a `submit_form` strictly after the n-th event (from 0), which was step s.
    next_app, next_app_convert : (N + 1, I, S, P)
        Chance that the next event, the n-th, exists and has app p; the same and a `submit_form`
        after it. Row 0 of `n` ignores the step: it is a session's first event.
    session_convert : (I,)
        Chance of a `submit_form` in a session.
    session_events : (I,)
        Expected events in a session.
    open_window : (I, A, W, 7)
        Chance of a session in a window, per weekday (Monday 0).
    convert_7d : (I, A, 7)
        Chance of a `submit_form` within 7 days of a midnight, per weekday of the day it begins.
    """

    parameters: Parameters = field(default_factory=Parameters)
    start: Floats = field(init=False)
    move: Floats = field(init=False)
    convert: Floats = field(init=False)
    next_app: Floats = field(init=False)
    next_app_convert: Floats = field(init=False)
    session_convert: Floats = field(init=False)
    session_events: Floats = field(init=False)
    open_window: Floats = field(init=False)
    convert_7d: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Fill the tables in the order in which they depend on each other."""
        put = object.__setattr__
        put(self, "start", _start(self.parameters))
        put(self, "move", _move(self.parameters))
        _session_tables(self)
        put(self, "open_window", _open_window(self.parameters))
        put(self, "convert_7d", _convert_7d(self))

    def days(self) -> tuple[Floats, Floats]:
        """Intent transitions after an idle and an active day, each (I, I), rows summing to 1."""
        return np.array(self.parameters.idle_day), np.array(self.parameters.active_day)


def _start(p: Parameters) -> Floats:
    start = np.zeros((N_INTENTS, N_STEPS))
    start[:, STEP_ACTION == VIEW] = np.array(p.landing)
    return start / start.sum(axis=1, keepdims=True)


def _move(p: Parameters) -> Floats:
    """Next-step probabilities, (I, S, S + 1); see `Tables.move`."""
    move = np.zeros((N_INTENTS, N_STEPS, N_STEPS + 1))
    views = np.flatnonzero(STEP_ACTION == VIEW)
    for i in range(N_INTENTS):
        onward = np.array(p.onward[i])
        for step in range(N_STEPS):
            page, action = int(STEP_PAGE[step]), int(STEP_ACTION[step])
            here = page * N_ACTIONS
            row = move[i, step]
            stay = _stay(p, i, page, action)
            for next_action, chance in stay.items():
                row[here + next_action] += chance
            leave = 1.0 - sum(stay.values())
            row[N_STEPS] = leave * p.end_session[i]
            row[views] += leave * (1.0 - p.end_session[i]) * onward / onward.sum()
    # After a submit the visitor is a customer, whatever they were.
    move[:, STEP_IS_SUBMIT] = move[CUSTOMER, STEP_IS_SUBMIT]
    return move


def _stay(p: Parameters, i: int, page: int, action: int) -> dict[int, float]:
    """Chances of each next action on the same page; what is missing to 1 is leaving it."""
    if action == PLAY:
        return {PROGRESS: 0.70, PAUSE: 0.15}
    if action == PROGRESS:
        return {PROGRESS: 0.55, PAUSE: 0.25}
    if action == FOCUS:
        return {CHANGE: p.change[i], PING: 0.6 * (1 - p.change[i])}
    if action == CHANGE:
        rest = 1 - p.submit[i]
        return {SUBMIT: p.submit[i], CHANGE: 0.5 * rest, PING: 0.2 * rest}
    if action == SUBMIT:
        return {PING: 0.5}
    focus = p.focus[i] * p.form_pull[page]
    play = p.play[i] * p.media_pull[page]
    ping = 1 - p.leave_page[i] - p.click - focus - play
    return {PING: ping, CLICK: p.click, FOCUS: focus, PLAY: play}


def _session_tables(t: Tables) -> None:
    """Backward recursion over the events of a session, from the longest one."""
    n_apps = len(APP_IDS)
    after = np.where(STEP_IS_SUBMIT, 1.0, 0.0)
    convert = np.zeros((MAX_EVENTS, N_INTENTS, N_STEPS))
    next_app = np.zeros((MAX_EVENTS + 1, N_INTENTS, N_STEPS, n_apps))
    next_app_convert = np.zeros_like(next_app)
    events = np.ones((N_INTENTS, N_STEPS))
    apps = (STEP_APP[:, None] == np.arange(n_apps)).astype(float)
    inner = t.move[:, :, :N_STEPS]
    for n in range(MAX_EVENTS - 2, -1, -1):
        later = np.where(STEP_IS_SUBMIT, convert[n + 1, CUSTOMER], convert[n + 1])
        for i in range(N_INTENTS):
            gain = after + (1 - after) * later[i]
            convert[n, i] = inner[i] @ gain
            next_app[n + 1, i] = inner[i] @ apps
            next_app_convert[n + 1, i] = inner[i] @ (apps * later[i][:, None])
        convert[n][:, STEP_IS_SUBMIT] = convert[n][CUSTOMER, STEP_IS_SUBMIT]
        next_app_convert[n + 1][:, STEP_IS_SUBMIT] = next_app_convert[n + 1][CUSTOMER][
            STEP_IS_SUBMIT
        ]
        # A submit hands the rest of the session to the customer's chain.
        tail = np.where(STEP_IS_SUBMIT, events[CUSTOMER], events)
        events = 1 + np.einsum("ist,it->is", inner, tail)
    for i in range(N_INTENTS):
        next_app[0, i] = t.start[i] @ apps
        next_app_convert[0, i] = t.start[i] @ (apps * convert[0, i][:, None])
    put = object.__setattr__
    put(t, "convert", convert)
    put(t, "next_app", next_app)
    put(t, "next_app_convert", next_app_convert)
    put(t, "session_convert", np.einsum("is,is->i", t.start, convert[0]))
    put(t, "session_events", np.einsum("is,is->i", t.start, events))


def _open_window(p: Parameters) -> Floats:
    rate = np.einsum(
        "i,a,w,d->iawd",
        np.array(p.sessions_a_day),
        np.array(p.activity_rate),
        np.array(p.window_share),
        np.array(p.weekday_rate),
    )
    return np.minimum(rate, 0.9)


def _convert_7d(t: Tables) -> Floats:
    """1 - P(no submit on any of 7 days), by backward recursion over the days."""
    idle, active = t.days()
    out = np.zeros((N_INTENTS, N_ACTIVITIES, 7))
    for weekday in range(7):
        for a in range(N_ACTIVITIES):
            none_left = np.ones(N_INTENTS)
            for offset in range(6, -1, -1):
                opens = t.open_window[:, a, :, (weekday + offset) % 7]
                stays_away = np.prod(1 - opens, axis=1)
                no_submit = np.prod(1 - opens * t.session_convert[:, None], axis=1)
                none_left = stays_away * (idle @ none_left) + (no_submit - stays_away) * (
                    active @ none_left
                )
            out[:, a, weekday] = 1 - none_left
    return out
