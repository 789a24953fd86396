"""A simulated site: Snowplow-shaped events, and the truth behind them.

`cdp simulate --out DIR` writes `DIR/events/load_date=D/events.parquet`, atomic events by day of
arrival, and `DIR/truth`, which no model may read:

`truth/live/event_date=D/truth.parquet`, one row per real event (`event_id`)
    The question is a `submit_form` in (t, t + 1 h]. `p_given_history` is the exact chance given
    everything about the visitor strictly before t, that an event happens at t, and that event's own
    `app_id`, device and weekday: what `feat_visitor__asof_event` may know. Gaps between events
    have one law whatever comes next, so the time of the event says nothing more, except whether it
    begins a session. `p_given_state` knows the true intent as well.

`truth/daily/as_of_date=D/truth.parquet`, one row per (`domain_userid`, `as_of_tstamp`)
    All visitors with an event in the 30 days before that midnight, active or idle. The question is
    a `submit_form` in (t, t + 7 d]. `p_given_history` is the exact chance given everything strictly
    before t, idle time included; `p_given_state` knows intent and activity class. `target` is null
    where the 7 days are not over by the end of the simulation.

Both have `target`, what came true, and `converted_before`: whether the visitor had a `submit_form`
before t. A converted visitor is a customer for good, who browses the app and rarely submits again.

What the filter sees and windowed counts do not: exact times rather than windows; anything older
than the window, form engagement above all; how often a form was engaged with, and that it was just
now; each session's channel rather than the first's; which pages, beyond pricing; the prior itself.

Modules: `process` (the law), `sessions` and `population` (draws from it, with the filter),
`plan` (arrivals), `site` and `schema` (names), `rows`, `render`, `generate` (files), `defects`
(duplicates and the like, each behind a switch).
"""
