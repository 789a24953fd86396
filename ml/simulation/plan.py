"""How many visitors have to arrive on each day to get the wanted number of events."""

from __future__ import annotations

import numpy as np

from ml.simulation.process import CUSTOMER, N_INTENTS, Floats, Tables

GAIN = 0.6
"""Share of the shortfall so far that today's arrivals are asked to make up."""


class ArrivalPlan:
    """Daily arrivals that lead to a wanted number of events.

    The expected events of a visitor on each day after arrival give a plan; arrivals follow the
    week, and are corrected by how far the events seen so far are off the plan. Only counts of
    events go into the correction, nothing hidden, so it tells nothing about a visitor's intent.

    Parameters
    ----------
    tables : Tables
        The process.
    events, days : int
        Events wanted, over so many days.
    first_weekday : int
        Weekday of the first day, Monday 0.
    """

    def __init__(self, tables: Tables, events: int, days: int, first_weekday: int) -> None:
        weekday = (first_weekday + np.arange(days)) % 7
        shape = np.array(tables.parameters.weekday_rate)[weekday]
        by_age = [expected_events(tables, days, w) for w in range(7)]
        planned = np.zeros(days)
        for day in range(days):
            planned[day:] += shape[day] * by_age[weekday[day]][: days - day]
        scale = events / planned.sum()
        self._arrivals = shape * scale
        self._planned = np.concatenate([[0.0], np.cumsum(planned * scale)])
        self._first_day_events = np.array([by_age[w][0] for w in weekday])
        self._left_over = 0.0

    def arrivals(self, day: int, events_so_far: int) -> int:
        """Visitors who arrive on a day (from 0), given the events of the days before."""
        short = self._planned[day] - events_so_far
        wanted = self._arrivals[day] + GAIN * short / self._first_day_events[day]
        wanted = float(np.clip(wanted, 0.2 * self._arrivals[day], 3 * self._arrivals[day]))
        wanted += self._left_over
        count = max(round(wanted), 1 if day == 0 else 0)
        self._left_over = wanted - count
        return count


def expected_events(t: Tables, days: int, weekday: int) -> Floats:
    """Compute the expected events of a visitor on each day from arrival, (days,).

    Parameters
    ----------
    t : Tables
        The process.
    days : int
        Days to look ahead.
    weekday : int
        Weekday of the arrival, Monday 0.

    Returns
    -------
    ndarray of float64
    """
    p = t.parameters
    first = np.array(p.device_share) @ np.array(p.first_intent)
    state = first[:, None] * np.array(p.activity_share)[None, :]
    idle, active = t.days()
    out = np.zeros(days)
    for age in range(days):
        opens = t.open_window[:, :, :, (weekday + age) % 7]
        if age == 0:
            sessions = 1 + np.einsum(
                "iaw,w->ia", opens, np.cumsum(p.window_share) - np.array(p.window_share)
            )
            away = np.zeros(state.shape)
        else:
            sessions = opens.sum(axis=2)
            away = np.prod(1 - opens, axis=2)
        out[age] = np.sum(state * sessions * t.session_events[:, None])
        converts = np.minimum(sessions * t.session_convert[:, None], 1.0)
        converts[CUSTOMER] = 0.0
        stays = state * (1 - converts)
        moved = np.zeros((N_INTENTS, state.shape[1]))
        moved += np.einsum("ia,ij->ja", stays * away, idle)
        moved += np.einsum("ia,ij->ja", stays * (1 - away), active)
        moved[CUSTOMER] += (state * converts).sum(axis=0)
        state = moved / moved.sum()
    return out
