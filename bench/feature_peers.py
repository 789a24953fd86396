"""Other ways to the same 20 features and the target: SQL and Polars.

Each function makes the table or frame `told` from staged events and returns nothing; the
benchmark compares what they made.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import polars as pl

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000

# Name, events that count, and the periods it is asked for.
COUNTS = [
    ("num_page_views", "event_name = 'page_view'", (7, 30)),
    ("num_page_pings", "event_name = 'page_ping'", (7, 30)),
    ("num_pricing_views", "event_name = 'page_view' and page_url like '%pricing%'", (7, 30)),
    ("had_conversions", "event_name = 'submit_form'", (7, 30)),
    ("num_form_engagements", "event_name in ('focus_form', 'change_form')", (7,)),
    ("num_media_events", "has_media_player", (30,)),
]
UNIQUES = [
    ("num_sessions", "domain_sessionid", (7, 30)),
    ("num_apps", "app_id", (7, 30)),
    ("num_engaged_campaigns", "mkt_campaign", (30,)),
]
FIRSTS = [("first_refr_medium", "refr_medium"), ("first_mkt_medium", "mkt_medium")]
YES_NO = ("had_conversions", "num_form_engagements")


def _own() -> str:
    # Of the event alone: where it names none, ours looks up the last that did.
    return (
        "coalesce(app_id, '') as latest_app_id, coalesce(device_class, '') as"
        " latest_device_class, isodow(event_tstamp) as day_of_week"
    )


def self_join(connection: duckdb.DuckDBPyConnection) -> None:
    """Join events to their visitor's past and group by event: the published tutorial's shape."""
    flags = ", ".join(f"{condition} as {name}" for name, condition, _ in COUNTS)
    inside = "earlier.us >= later.us - "
    columns = []
    for name, _, periods in COUNTS:
        for days in periods:
            count = f"count(*) filter (earlier.{name} and {inside}{days * DAY_US})"
            columns.append(f"{count}{' > 0' if name in YES_NO else ''} as {name}_l{days}d")
    for name, key, periods in UNIQUES:
        columns += [
            f"count(distinct earlier.{key}) filter ({inside}{days * DAY_US}) as {name}_l{days}d"
            for days in periods
        ]
    for name, value in FIRSTS:
        columns.append(
            f"coalesce(arg_min(earlier.{value}, (earlier.us, earlier.event_id)), '') as {name}_l30d"
        )
    connection.execute(
        f"""
        create table told as
        with seen as (select *, epoch_us(event_tstamp) as us, {flags} from events),
        past as (
            select later.event_id, {", ".join(columns)}
            from seen as later left join seen as earlier
                on later.domain_userid = earlier.domain_userid
                and earlier.us < later.us and earlier.us >= later.us - {30 * DAY_US}
            group by later.event_id
        ),
        future as (
            select distinct earlier.event_id
            from seen as earlier inner join seen as later
                on earlier.domain_userid = later.domain_userid and later.had_conversions
                and later.us > earlier.us and later.us <= earlier.us + {HOUR_US}
        )
        select past.*, {_own()}, future.event_id is not null as target
        from past inner join seen using (event_id)
        left join future on past.event_id = future.event_id
        """
    )


def native_windows(connection: duckdb.DuckDBPyConnection) -> None:
    """DuckDB's own sliding windows, with `count(distinct)` over a range."""
    columns = []
    for name, condition, periods in COUNTS:
        for days in periods:
            count = f"count(*) filter ({condition}) over last_{days}d"
            columns.append(f"{count}{' > 0' if name in YES_NO else ''} as {name}_l{days}d")
    for name, key, periods in UNIQUES:
        columns += [f"count(distinct {key}) over last_{d}d as {name}_l{d}d" for d in periods]
    for name, value in FIRSTS:
        columns.append(
            f"coalesce(arg_min({value}, (us, event_id)) over last_30d, '') as {name}_l30d"
        )
    windows = ", ".join(
        f"last_{days}d as (partition by domain_userid order by us"
        f" range between {days * DAY_US} preceding and 1 preceding)"
        for days in (7, 30)
    )
    connection.execute(
        f"""
        create table told as
        select
            event_id, {", ".join(columns)}, {_own()},
            coalesce(min(us) filter (event_name = 'submit_form') over (
                partition by domain_userid order by us
                range between 1 following and {HOUR_US} following
            ) is not null, false) as target
        from (select *, epoch_us(event_tstamp) as us from events)
        window {windows}
        """
    )


def floor(connection: duckdb.DuckDBPyConnection) -> None:
    """No features at all: the events, sorted by visitor and time."""
    connection.execute(
        "create table told as select * from events order by domain_userid, event_tstamp"
    )


def polars_rolling(path: str) -> Callable[[], pl.DataFrame]:
    """Roll over groups, closed on the left: what a data scientist would reach for."""
    events = pl.read_parquet(path)
    return lambda: _polars(events)


def _polars(events: pl.DataFrame) -> pl.DataFrame:
    name = pl.col("event_name")
    page_view = name == "page_view"
    flags = {
        "num_page_views": page_view,
        "num_page_pings": name == "page_ping",
        "num_pricing_views": page_view & pl.col("page_url").str.contains("pricing", literal=True),
        "had_conversions": name == "submit_form",
        "num_form_engagements": name.is_in(["focus_form", "change_form"]),
        "num_media_events": pl.col("has_media_player"),
    }
    events = events.with_columns(**flags).sort("domain_userid", "event_tstamp", "event_id")
    told = [
        events.select("event_id", "app_id", "device_class", day=pl.col("event_tstamp").dt.weekday())
    ]
    for days in (7, 30):
        columns = []
        for flag, _, periods in COUNTS:
            if days in periods:
                one = pl.col(flag).any() if flag in YES_NO else pl.col(flag).sum()
                columns.append(one.alias(f"{flag}_l{days}d"))
        for key_name, key, periods in UNIQUES:
            if days in periods:
                columns.append(pl.col(key).drop_nulls().n_unique().alias(f"{key_name}_l{days}d"))
        if days == 30:
            columns += [
                pl.col(value).drop_nulls().first().fill_null("").alias(f"{first}_l30d")
                for first, value in FIRSTS
            ]
        rolled = events.rolling(
            "event_tstamp", period=f"{days}d", group_by="domain_userid", closed="left"
        ).agg(columns)
        told.append(rolled.drop("domain_userid", "event_tstamp"))
    conversions = events.filter(pl.col("had_conversions")).select(
        "domain_userid", converted=pl.col("event_tstamp")
    )
    after = events.select(
        "domain_userid", "event_tstamp", after=pl.col("event_tstamp") + pl.duration(microseconds=1)
    ).with_row_index()
    labelled = after.sort("after").join_asof(
        conversions.sort("converted"), left_on="after", right_on="converted", by="domain_userid",
        strategy="forward", check_sortedness=False,
    )  # fmt: skip
    within = pl.col("converted") <= pl.col("event_tstamp") + pl.duration(hours=1)
    told.append(labelled.sort("index").select(target=within.fill_null(False)))
    return pl.concat(told, how="horizontal")
