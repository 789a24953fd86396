"""Heavy-tailed events for the feature benchmark: only what the 20 features read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

DAY_US = 86_400_000_000
START_US = 1_767_225_600_000_000
NAMES = ["page_view", "page_ping", "link_click", "focus_form", "change_form", "submit_form"]


def _choice(rng: np.random.Generator, count: int, shares: dict[str | None, float]) -> np.ndarray:
    values = np.array(list(shares), dtype=object)
    return values[rng.choice(len(values), count, p=list(shares.values()))]


def write_events(
    path: Path, count: int, bots: tuple[int, ...] = (), *, days: int = 90, random_state: int = 0
) -> None:
    """Write staged events as Parquet.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    count : int
        Events of ordinary visitors: a Pareto tail, at most 500 each, in sessions.
    bots : tuple of int
        Events of each further visitor.
    days : int
        Span of the sessions' starts.
    random_state : int
        Seed.
    """
    rng = np.random.default_rng(random_state)
    sizes = np.minimum(np.ceil(rng.pareto(1.1, count) * 3 + 0.5), 500).astype(int)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), count)]
    sizes = np.concatenate([sizes, np.array(bots, dtype=int)])
    visitor = np.repeat(np.arange(len(sizes)), sizes)
    total = len(visitor)
    sessions = np.maximum(1, sizes // 12)
    first = np.concatenate([[0], np.cumsum(sessions)[:-1]])
    session = first[visitor] + (rng.random(total) * sessions[visitor]).astype(int)
    starts = rng.integers(0, days * DAY_US, sessions.sum())
    us = starts[session] + (rng.exponential(600, total) * 1e6).astype(np.int64)
    frame = pd.DataFrame(
        {
            "number": rng.permutation(total),
            "visitor": visitor,
            "session": session,
            "us": us + START_US,
            "event_name": _choice(
                rng, total, dict(zip(NAMES, [0.32, 0.47, 0.12, 0.05, 0.03, 0.01], strict=True))
            ),
            "app_id": _choice(rng, total, {"site": 0.7, "shop": 0.2, "ios": 0.08, None: 0.02}),
            "device_class": _choice(rng, total, {"Desktop": 0.5, "Phone": 0.45, None: 0.05}),
            "page_url": _choice(
                rng, total, {"https://x.example/": 0.9, "https://x.example/pricing": 0.1}
            ),
            "refr_medium": _choice(rng, total, {"search": 0.3, "social": 0.2, None: 0.5}),
            "mkt_medium": _choice(rng, total, {"cpc": 0.1, "email": 0.1, None: 0.8}),
            "campaign": rng.integers(0, 100, total),
            "has_media_player": rng.random(total) < 0.05,
        }
    )
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute(
            f"""
            copy (
                select
                    md5(number::varchar) as event_id,
                    md5('visitor ' || visitor) as domain_userid,
                    md5('session ' || session) as domain_sessionid,
                    make_timestamp(us) as event_tstamp,
                    case when campaign < 30 then 'campaign ' || campaign end as mkt_campaign,
                    * exclude (number, visitor, session, us, campaign)
                from frame
                order by event_tstamp, event_id
            ) to '{path}' (format parquet)
            """
        )
