"""Writes a simulated site's events and their truth, a day at a time."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml.simulation import identity
from ml.simulation.defects import Defects
from ml.simulation.plan import ArrivalPlan
from ml.simulation.population import DAY_US, DayEvents, Midnight, Population
from ml.simulation.process import STEP_IS_SUBMIT, Tables
from ml.simulation.render import Renderer, visitor_ids
from ml.simulation.rows import EventRows, rows_of

HORIZON_DAYS = 7
WRITERS = 2
OUTPUTS = ("events", "truth")
PLAIN_TEXT = ("event_id",)
"""Columns in which no value repeats: a dictionary would only cost."""


@dataclass(frozen=True)
class Summary:
    """What a simulation wrote.

    Attributes
    ----------
    events, visitors, conversions : int
        Real events, those who made them, and sessions with a `submit_form`.
    added, not_arrived : int
        Events that switched-on defects added, and those that would arrive after the last day.
    first_day, last_day : datetime.date
        Days of arrival, both included.
    """

    events: int
    visitors: int
    conversions: int
    added: int
    not_arrived: int
    first_day: dt.date
    last_day: dt.date


@dataclass(frozen=True)
class Simulation:
    """What to simulate.

    Parameters
    ----------
    out : Path
        Folder; `events/` and `truth/` are written below it.
    events : int
        Events wanted, met within 2 % (5 % below 50,000).
    days : int
        Days, each a partition.
    seed : int
        Same seed and settings, same bytes.
    start : datetime.date
        First day, UTC.
    entity_format : {"struct", "json"}
        How entity columns are written.
    defects : mapping of str to float
        Switches of `ml.simulation.defects.DEFECTS` that are on, and their rates.
    """

    out: Path
    events: int = 1_000_000
    days: int = 90
    seed: int = 1
    start: dt.date = dt.date(2026, 5, 1)
    entity_format: str = "struct"
    defects: Mapping[str, float] = field(default_factory=dict)


def simulate(settings: Simulation, progress: Callable[[int], None] | None = None) -> Summary:
    """Simulate a site and write its events and truth.

    Parameters
    ----------
    settings : Simulation
        What to simulate, and where to write it.
    progress : callable, optional
        Called with the number of events after each day.

    Returns
    -------
    Summary
    """
    tables = Tables()
    epoch_us = int(dt.datetime.combine(settings.start, dt.time(), dt.UTC).timestamp()) * 1_000_000
    weekday = settings.start.weekday()
    population = Population(tables, settings.seed, weekday)
    plan = ArrivalPlan(tables, settings.events, settings.days, weekday)
    renderer = Renderer(settings.seed, settings.entity_format)
    writer = _Writer(settings.out, settings.start)
    defects = Defects(settings.defects, settings.seed, epoch_us)
    midnights: deque[Midnight] = deque()
    events = conversions = written = 0
    # Each day is a file of its own, so its bytes do not depend on which thread writes it, or when.
    with ThreadPoolExecutor(WRITERS) as pool:
        pending: deque[Future[None]] = deque()
        for day in range(settings.days):
            happened = population.day(plan.arrivals(day, events))
            events += len(happened.session_of)
            conversions += int(happened.sessions.submit.sum())
            midnights.append(population.midnight())
            known = []
            if len(midnights) > HORIZON_DAYS:
                known.append(_daily(midnights.popleft(), population, settings.seed, epoch_us, True))
            rows = rows_of(happened, population, settings.seed, epoch_us)
            arrived = defects.arrivals(day, rows)
            written += len(arrived)
            if len(pending) > WRITERS:
                pending.popleft().result()
            live = _live(happened, rows)
            pending.append(pool.submit(writer.day, day, renderer, arrived, live, known))
            if progress:
                progress(len(happened.session_of))
        for written_day in pending:
            written_day.result()
    for midnight in midnights:
        at_end = midnight.as_of_us + HORIZON_DAYS * DAY_US <= settings.days * DAY_US
        writer.daily(_daily(midnight, population, settings.seed, epoch_us, at_end))
    last = settings.start + dt.timedelta(days=settings.days - 1)
    late = defects.still_to_come()
    return Summary(
        events=events,
        visitors=population.size,
        conversions=conversions,
        added=written + late - events,
        not_arrived=late,
        first_day=settings.start,
        last_day=last,
    )


def clear_output(out: Path) -> None:
    """Remove what an earlier simulation wrote below `out`, and nothing else."""
    for name in OUTPUTS:
        shutil.rmtree(out / name, ignore_errors=True)


def _live(day: DayEvents, rows: EventRows) -> pa.Table:
    """Truth of each event, in order of time."""
    s, of = day.sessions, day.session_of
    submits = STEP_IS_SUBMIT[s.step]
    seen = np.cumsum(submits) - submits
    first = np.cumsum(s.length) - s.length
    before = day.converted_before[of] | (seen > seen[first][of])
    order = np.lexsort((rows.event_key, rows.derived_us))
    return pa.table(
        {
            "event_id": identity.uuids(rows.event_key[order]),
            "p_given_state": s.p_given_state[order],
            "p_given_history": day.p_given_history[order],
            "target": s.to_come[order],
            "converted_before": before[order],
        }
    )


def _daily(
    midnight: Midnight, population: Population, seed: int, epoch_us: int, known: bool
) -> tuple[int, pa.Table]:
    """Days since the start, and the truth of one midnight; an unknown target is null."""
    n = len(midnight.visitor)
    target = population.last_submit_us[midnight.visitor] > midnight.as_of_us
    index = pa.array(np.arange(n, dtype=np.int32))
    ids = visitor_ids(midnight.visitor, seed)
    as_of = np.full(n, epoch_us + midnight.as_of_us)
    table = pa.table(
        {
            "domain_userid": pa.DictionaryArray.from_arrays(index, ids),
            "as_of_tstamp": pa.array(as_of, pa.timestamp("us")),
            "p_given_state": midnight.p_given_state,
            "p_given_history": midnight.p_given_history,
            "target": pa.array(target, mask=np.full(n, not known)),
            "converted_before": midnight.converted_before,
        }
    )
    return midnight.as_of_us // DAY_US, table


class _Writer:
    """Writes partitions: `events` by arrival, `truth/live` by time, `truth/daily` by `as_of`."""

    def __init__(self, out: Path, start: dt.date) -> None:
        self._out = out
        self._start = start

    def day(
        self,
        day: int,
        renderer: Renderer,
        rows: EventRows,
        live: pa.Table,
        midnights: list[tuple[int, pa.Table]],
    ) -> None:
        """Write the events that arrived on a day, their truth, and midnights now known."""
        date = self._start + dt.timedelta(days=day)
        self._write(renderer.table(rows), Path("events", f"load_date={date}", "events.parquet"))
        self._write(live, Path("truth", "live", f"event_date={date}", "truth.parquet"))
        for midnight in midnights:
            self.daily(midnight)

    def daily(self, midnight: tuple[int, pa.Table]) -> None:
        """Write the truth of one midnight."""
        day, table = midnight
        as_of = f"as_of_date={self._start + dt.timedelta(days=day)}"
        self._write(table, Path("truth", "daily", as_of, "truth.parquet"))

    def _write(self, table: pa.Table, name: Path) -> None:
        path = self._out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dictionaries = [c for c in _leaves(table.schema) if c not in PLAIN_TEXT]
        statistics = [c.name for c in table.schema if pa.types.is_timestamp(c.type)]
        pq.write_table(
            table,
            path,
            compression="snappy",
            use_dictionary=dictionaries,  # pyright: ignore[reportArgumentType]
            write_statistics=statistics,  # pyright: ignore[reportArgumentType]
            store_schema=False,
            row_group_size=1_000_000,
        )


def _leaves(schema: pa.Schema) -> list[str]:
    """Parquet paths of text columns, nested ones included."""
    out = []
    for column in schema:
        kind = column.type
        path = column.name
        if pa.types.is_list(kind):
            kind = kind.value_type
            path += ".list.element"
        if pa.types.is_struct(kind):
            out += [f"{path}.{part.name}" for part in kind if _is_text(part.type)]
        elif _is_text(kind):
            out.append(path)
    return out


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_dictionary(kind)
