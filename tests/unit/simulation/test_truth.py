"""The truth is calibrated, and the filter exact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from ml.simulation import site as web
from ml.simulation.population import DAY_US, Population
from ml.simulation.process import (
    CHANNELS,
    CUSTOMER,
    DEVICE_CLASSES,
    N_ACTIVITIES,
    N_INTENTS,
    N_STEPS,
    STEP_APP,
    STEP_IS_SUBMIT,
    WINDOWS,
    Tables,
)

TABLES = Tables()


@pytest.fixture(scope="module")
def truth():
    """Moments of not yet converted visitors, (p_given_state, p_given_history, target) of each."""
    population = Population(TABLES, seed=5, first_weekday=4)
    live, midnights, daily = [], [], []
    for _ in range(60):
        day = population.day(250)
        keep = ~day.converted_before[day.session_of]
        s = day.sessions
        live.append(np.array([s.p_given_state, day.p_given_history, s.to_come])[:, keep])
        midnights.append(population.midnight())
        if len(midnights) > 7:
            then = midnights.pop(0)
            target = population.last_submit_us[then.visitor] > then.as_of_us
            rows = np.array([then.p_given_state, then.p_given_history, target])
            daily.append(rows[:, ~then.converted_before])
    return {"live": np.concatenate(live, axis=1), "daily": np.concatenate(daily, axis=1)}


@pytest.mark.parametrize("question", ["live", "daily"])
@pytest.mark.parametrize("source", [0, 1], ids=["state", "history"])
def test_calibrated_in_every_band(truth, question, source):
    p, target = truth[question][source], truth[question][2]
    for band in np.array_split(np.argsort(p, kind="stable"), 5):
        expected, seen = p[band].sum(), target[band].sum()
        # Moments of a visitor share their fate: about 10 of them to one independent outcome.
        assert abs(seen - expected) < 5 * np.sqrt(10 * max(expected, 1))


@pytest.mark.parametrize("question", ["live", "daily"])
def test_state_beats_history_beats_base_rate(truth, question):
    state, history, target = truth[question]
    base = np.full(len(target), target.mean())
    assert log_loss(target, state) < log_loss(target, history) < log_loss(target, base)


@pytest.mark.parametrize(
    ("question", "lowest", "highest"), [("live", 0.01, 0.06), ("daily", 0.015, 0.08)]
)
def test_difficulty_is_as_fixed(truth, question, lowest, highest):
    _, history, target = truth[question]
    assert 0.75 < roc_auc_score(target, history) < 0.88
    assert lowest < target.mean() < highest


def test_chance_within_a_session_solves_its_equations():
    """The recursion over 110 events agrees with the fixed point of an endless session."""
    inner = TABLES.move[:, :, :N_STEPS]
    chance = np.zeros((N_INTENTS, N_STEPS))
    for i in (CUSTOMER, *range(CUSTOMER)):
        chance[i] = np.linalg.solve(
            np.eye(N_STEPS) - inner[i] * ~STEP_IS_SUBMIT, inner[i] @ STEP_IS_SUBMIT
        )
    chance[:, STEP_IS_SUBMIT] = chance[CUSTOMER, STEP_IS_SUBMIT]
    np.testing.assert_allclose(TABLES.convert[0], chance, atol=1e-5)


def test_chance_of_a_week_by_enumeration():
    """P(no submit in 7 days), summed over every path of intents, equals the recursion."""
    weekday, activity = 2, 1
    idle, active = (table.tolist() for table in TABLES.days())
    opens = TABLES.open_window[:, activity]
    away = np.prod(1 - opens, axis=1).tolist()
    quiet = np.prod(1 - opens * TABLES.session_convert[:, None, None], axis=1).tolist()
    none = 0.0
    for path in itertools.product(range(N_INTENTS), repeat=7):
        state, chance = 1, 1.0
        for n, after in enumerate(path):
            day = (weekday + n) % 7
            idle_chance, active_chance = away[state][day], quiet[state][day] - away[state][day]
            chance *= idle_chance * idle[state][after] + active_chance * active[state][after]
            state = after
        none += chance
    assert TABLES.convert_7d[1, activity, weekday] == pytest.approx(1 - none, abs=1e-12)


def channel_of(url: int, referrer: int) -> int:
    campaign = url % len(web.CAMPAIGNS)
    outside = referrer - web.N_SITE * len(web.CAMPAIGNS)
    rows = np.flatnonzero((campaign == web.LANDING_CAMPAIGN) & (outside == web.LANDING_REFERRER))
    (row,) = rows
    channels = np.repeat(np.arange(len(CHANNELS)), [1, 2, 3, 3, 3, 2])
    return int(channels[row])


def enumerate_paths(history, device, days, first_weekday, last_event):
    """Probability of each hidden path and all that was seen, written out without any shortcut.

    `history` has (day, window, channel, steps) of each session up to and including `last_event`,
    the index of an event in the last session that is still to come, or None for a midnight.
    Yields (probability, intent while acting, intent by now, activity) per path.
    """
    p = TABLES.parameters
    first_day, first_window = history[0][:2]
    moves = TABLES.days()
    for path in itertools.product(range(N_INTENTS), repeat=days - first_day + 1):
        for activity in range(N_ACTIVITIES):
            chance = p.first_intent[device][path[0]] * p.activity_share[activity]
            acts = path[0]
            for n, day in enumerate(range(first_day, days + 1)):
                acts = path[n]
                seen = {w: (c, s) for d, w, c, s in history if d == day}
                if day == days and last_event is None:
                    break
                for window in range(WINDOWS):
                    if day == days and window > max(seen):
                        break
                    arrival = (day, window) <= (first_day, first_window)
                    opens = TABLES.open_window[path[n], activity, window, (first_weekday + day) % 7]
                    if not arrival:
                        chance *= opens if window in seen else 1 - opens
                    if window not in seen:
                        continue
                    channel, steps = seen[window]
                    now = day == days and window == max(seen)
                    known = steps[:last_event] if now else steps
                    if len(known):
                        chance *= p.channel_share[acts][channel] * TABLES.start[acts, known[0]]
                    for a, b in itertools.pairwise(known):
                        acts = CUSTOMER if STEP_IS_SUBMIT[a] else acts
                        chance *= TABLES.move[acts, a, b]
                    if len(known) and STEP_IS_SUBMIT[known[-1]]:
                        acts = CUSTOMER
                    if not now:
                        chance *= TABLES.move[acts, known[-1], N_STEPS]
                if day < days:
                    chance *= moves[1 if seen else 0][acts, path[n + 1]]
            if chance:
                yield chance, acts, path[-1], activity


def test_filter_equals_enumeration_of_hidden_paths():
    """On four days of few visitors, for every event and midnight."""
    population = Population(TABLES, seed=3, first_weekday=4)
    histories: dict[int, list] = {}
    for day in range(4):
        happened = population.day(6)
        s = happened.sessions
        starts = np.cumsum(s.length) - s.length
        for k in np.argsort(happened.start_us):
            visitor = int(happened.visitor[k])
            events = slice(starts[k], starts[k] + s.length[k])
            steps = s.step[events]
            window = int(
                (happened.start_us[k] - population.phase_us[visitor] - day * DAY_US)
                // (6 * 3_600_000_000)
            )
            channel = channel_of(int(s.url[starts[k]]), int(s.referrer[starts[k]]))
            history = histories.setdefault(visitor, [])
            history.append((day, window, channel, steps))
            device = int(population.device[visitor])
            for n in {0, 1, len(steps) - 1} & set(range(len(steps))):
                app = STEP_APP[steps[n]]
                before = steps[n - 1] if n else 0
                total = convert = 0.0
                for chance, acts, _, _ in enumerate_paths(history, device, day, 4, n):
                    total += chance * TABLES.next_app[n, acts, before, app]
                    convert += chance * TABLES.next_app_convert[n, acts, before, app]
                assert happened.p_given_history[events][n] == pytest.approx(convert / total)
        midnight = population.midnight()
        weekday = (4 + day + 1) % 7
        for visitor, p in zip(midnight.visitor, midnight.p_given_history, strict=True):
            paths = list(
                enumerate_paths(
                    histories[int(visitor)], int(population.device[visitor]), day + 1, 4, None
                )
            )
            total = sum(chance for chance, *_ in paths)
            convert = sum(
                chance * TABLES.convert_7d[intent, activity, weekday]
                for chance, _, intent, activity in paths
            )
            assert p == pytest.approx(convert / total)
    assert len(histories) == 24
    assert set(population.device) <= set(range(len(DEVICE_CLASSES)))
    assert sum(len(h) for h in histories.values()) > 24


def test_truth_files_join_to_events(sql):
    assert (
        sql(
            "select (select count(*) from live), (select count(*) from events),"
            " (select count(*) from live join events using (event_id))"
            " - (select count(*) from events)"
        )[0][2]
        == 0
    )


def test_live_target_is_a_submit_within_the_hour_after(sql):
    assert sql(
        "with t as (select event_id, target, converted_before, exists(select 1 from events s where"
        " s.domain_userid = e.domain_userid and s.event_name = 'submit_form'"
        " and s.derived_tstamp > e.derived_tstamp"
        " and s.derived_tstamp <= e.derived_tstamp + interval 1 hour) as soon,"
        " exists(select 1 from events s where s.domain_userid = e.domain_userid"
        " and s.event_name = 'submit_form' and s.derived_tstamp < e.derived_tstamp) as before"
        " from live join events e using (event_id))"
        " select count_if(target != soon), count_if(converted_before != before) from t"
    ) == [(0, 0)]


def test_daily_rows_are_the_visitors_of_30_days_and_targets_a_submit_within_7(sql):
    assert sql(
        "with t as (select d.*, exists(select 1 from events s where"
        " s.domain_userid = d.domain_userid and s.event_name = 'submit_form'"
        " and s.derived_tstamp > as_of_tstamp"
        " and s.derived_tstamp <= as_of_tstamp + interval 7 day) as soon,"
        " exists(select 1 from events s where s.domain_userid = d.domain_userid"
        " and s.event_name = 'submit_form' and s.derived_tstamp < as_of_tstamp) as before"
        " from daily d) select count_if(target != soon),"
        " count_if(converted_before != before) from t"
    ) == [(0, 0)]
    assert sql(
        "select count(*) from (select distinct d.as_of_tstamp, e.domain_userid from events e"
        " join (select distinct as_of_tstamp from daily) d on e.derived_tstamp < d.as_of_tstamp"
        " and e.derived_tstamp >= d.as_of_tstamp - interval 30 day)"
    ) == sql("select count(*) from daily")


def test_daily_target_is_unknown_until_7_days_have_passed(sql):
    assert sql(
        "select min(as_of_tstamp)::date::text, max(as_of_tstamp)::date::text from daily"
        " where target is null"
    ) == [("2026-06-04", "2026-06-10")]
