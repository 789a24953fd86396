"""The same features twice: from the warehouse, and live through Signals' stand-in and the API.

Events are replayed in the order in which they arrived. Just before each of many of them is taken,
its visitor is scored by `/predict`. What the API saw and said is compared with the event's row of
`feat_visitor__asof_event` and with that row's score. Every difference gets the first cause that
explains it, by computing the feature again over the events that were known live.
"""

from __future__ import annotations

import bisect
import http.client
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from ml.model import artefact
from tools.live import CDP, find_champion, process, publish, wait_for
from tools.reference import PROPERTIES, Event, Moment, feature
from tools.stand_ins import free_port

# Why a value may differ, in the order in which they are asked.
OWN_EVENT = "the row has its own event, which has not been taken yet"
KNOWN_EVENTS = "an event was late, or of the same microsecond"
SET_ASIDE = "the warehouse sets an event aside"
APPROXIMATE = "a distinct count is approximate"
EXPIRED = "a value without a period has expired"
UNEXPLAINED = "not explained"
# Beyond this share an approximate count is a difference of its own (Signals documents about 1 %).
APPROXIMATE_WITHIN = 0.02
_POSTED_AT_ONCE = 500


@dataclass
class Agreement:
    """Values of one kind: how many, how many equal, and why the others differ."""

    total: int = 0
    equal: int = 0
    causes: Counter[str] = field(default_factory=Counter)

    def add(self, cause: str | None) -> None:
        """Count one value, with the cause of its difference; none: equal."""
        self.total += 1
        self.equal += cause is None
        if cause is not None:
            self.causes[cause] += 1


@dataclass
class Parity:
    """What a replay found."""

    features: dict[str, Agreement] = field(default_factory=lambda: defaultdict(Agreement))
    aggregations: dict[str, str] = field(default_factory=dict)
    scores: Agreement = field(default_factory=Agreement)
    largest_score_difference: float = 0.0
    reasons_differ: int = 0

    def by_aggregation(self) -> dict[str, Agreement]:
        """The features added up by how they are aggregated."""
        out: dict[str, Agreement] = defaultdict(Agreement)
        for name, one in self.features.items():
            whole = out[self.aggregations[name]]
            whole.total += one.total
            whole.equal += one.equal
            whole.causes.update(one.causes)
        return dict(sorted(out.items()))


class Client:
    """One kept connection that speaks JSON.

    Parameters
    ----------
    address : str
        `host:port`.
    """

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=60)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def post(self, path: str, body: bytes, **headers: str) -> Any:
        """The answer to a POST, read as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("POST", path, body, {"Content-Type": "application/json", **named})
        answer = self._connection.getresponse()
        read = answer.read()
        if answer.status not in (200, 202):
            msg = f"{path} answered {answer.status}: {read[:500]!r}"
            raise RuntimeError(msg)
        return json.loads(read) if read else None


def arrivals(files: str) -> list[tuple[str, str, str]]:
    """Events in the order of arrival: id, time of arrival, and the row as JSON."""
    rows = duckdb.execute(
        f"""
        select event_id, strftime(collector_tstamp, '%Y-%m-%dT%H:%M:%S.%fZ'), to_json(given)
        from read_parquet('{files}', hive_partitioning = false, union_by_name = true) as given
        order by collector_tstamp, event_id
        """
    ).fetchall()
    return [(str(a), str(b), str(c)) for a, b, c in rows]


def replay(
    database: Path,
    files: str,
    champion: Any,
    stand_in: str,
    service: str,
    n_moments: int,
    n_events: int | None = None,
) -> Parity:
    """Replay events and compare.

    Parameters
    ----------
    database : pathlib.Path
        The warehouse that was built from them.
    files : str
        Glob of the events, as the simulator writes them.
    champion : ml.signals.champion.Champion
        Which the service serves.
    stand_in, service : str
        `host:port` of both, in replay mode, with the attributes published.
    n_moments : int
        How many events are scored just before, spread evenly.
    n_events : int, optional
        Only so many, from the first to arrive.
    """
    events = arrivals(files)[:n_events]
    place = {}
    for at, (event_id, _, _) in enumerate(events):
        place.setdefault(event_id, at)
    with duckdb.connect(str(database), read_only=True) as warehouse:
        names = list(champion.features)
        rows = warehouse.sql(
            f"""
            select event_id, domain_userid, as_of_tstamp, {", ".join(names)}
            from feat_visitor__asof_event order by event_id
            """
        ).df()
        history = _history(warehouse)
        definitions = _definitions(warehouse)
    rows = rows[rows["event_id"].isin(place)]
    rows = rows.assign(place=rows["event_id"].map(place)).sort_values("place", ignore_index=True)
    step = max(1, len(rows) // n_moments)
    rows = rows.iloc[step - 1 :: step].head(n_moments).reset_index(drop=True)

    model = artefact.from_bytes(champion.artefact, champion.artefact_sha256)
    batch = model.score(rows)
    found = Parity(aggregations={name: _aggregation(definitions[name]) for name in names})
    with closing(Client(stand_in)) as collector, closing(Client(service)) as api:
        taken = 0
        for at, row in enumerate(_records(rows)):
            for some in range(taken, row["place"], _POSTED_AT_ONCE):
                posted = events[some : min(some + _POSTED_AT_ONCE, row["place"])]
                body = "[" + ",".join(text for _, _, text in posted) + "]"
                collector.post("/local/events", body.encode(), X_Replay_Now=posted[-1][1])
            taken = row["place"]
            moment: datetime = row["as_of_tstamp"].to_pydatetime()
            said = api.post(
                "/predict",
                json.dumps({"domain_userid": row["domain_userid"]}).encode(),
                X_Replay_Now=moment.isoformat(timespec="microseconds") + "Z",
            )
            us = round((moment - datetime(1970, 1, 1)).total_seconds() * 1_000_000)
            known = history.known(row["domain_userid"], us, place, taken)
            differs = False
            for name in names:
                cause = None
                live, stored = said["scoring_attributes"][name], _plain(row[name])
                if not _same(live, stored):
                    differs = True
                    own = history.event(row["domain_userid"], row["event_id"])
                    cause = _cause(
                        live, definitions[name], known, Moment(row["domain_userid"], us, own)
                    )
                found.features[name].add(cause)
            difference = abs(said["score"] - float(batch[at]))
            found.largest_score_difference = max(found.largest_score_difference, difference)
            cause = None if difference == 0 else "a feature differs" if differs else UNEXPLAINED
            found.scores.add(cause)
    return found


def measure(
    folder: Path, events: Path, database: Path, n_moments: int, n_events: int | None = None
) -> Parity:
    """Start stand-in and service, publish the attributes of `live`, replay, and end them.

    Parameters
    ----------
    folder : pathlib.Path
        For state and logs.
    events : pathlib.Path
        Folder of the events, as the simulator writes them.
    database : pathlib.Path
        The warehouse that was built from them.
    n_moments, n_events : int
        See `replay`.
    """
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    collector, service = free_port(), free_port()
    address = f"http://127.0.0.1:{collector}"
    signals = {"SP_SANDBOX_URL": address, "SP_SANDBOX_TOKEN": "local"}
    local: list[object] = [
        CDP, "signals", "local", "--replay", "--port", collector, "--folder", folder / "live",
    ]  # fmt: skip
    serve: list[object] = [CDP, "serve", "--warehouse", database, "--port", service]
    settings = signals | {"CDP_SERVE_REPLAY": "1", "CDP_SERVE_RATE": "0"}
    served = find_champion(database)
    with process("cdp signals local", local, {}, logs / "signals.log") as standin:
        wait_for(f"{address}/health", standin)
        publish(served, signals)
        with process("cdp serve", serve, settings, logs / "serve.log") as api:
            wait_for(f"http://127.0.0.1:{service}/ready", standin, api)
            return replay(
                database,
                f"{events}/**/*.parquet",
                served.champion,
                f"127.0.0.1:{collector}",
                f"127.0.0.1:{service}",
                n_moments,
                n_events,
            )


@dataclass
class _History:
    """Staged events of each visitor by time, and the ids of those that were set aside."""

    events: dict[str, list[Event]]

    def event(self, visitor: str, event_id: str) -> Event:
        return next(event for event in self.events[visitor] if event.event_id == event_id)

    def known(
        self, visitor: str, us: int, place: Mapping[str, int], taken: int
    ) -> tuple[list[Event], list[Event]]:
        """Those before a moment, and those among all that had been taken live."""
        mine = self.events[visitor]
        before = mine[: bisect.bisect_left(mine, us, key=lambda event: event.us)]
        return before, [event for event in mine if place.get(event.event_id, taken) < taken]


def _history(warehouse: duckdb.DuckDBPyConnection) -> _History:
    listed = [name for name in PROPERTIES if name != "media_player__duration"]
    rows = warehouse.sql(
        f"""
        select {", ".join(listed)}, epoch_us(event_tstamp) as us from stg_snowplow__events
        where domain_userid is not null order by domain_userid, event_tstamp, event_id
        """
    ).fetchall()
    events: dict[str, list[Event]] = defaultdict(list)
    for row in rows:
        event = Event(**dict(zip([*listed, "us"], row, strict=True)))
        events[str(event.domain_userid)].append(event)
    return _History(events)


def _definitions(warehouse: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    rows = warehouse.sql("select feature_name, definition from feature_catalogue").fetchall()
    return {str(name): json.loads(definition) for name, definition in rows}


def _aggregation(definition: Mapping[str, Any]) -> str:
    return str(definition.get("aggregation") or f"moment: {definition['moment']}")


def _cause(
    live: Any,
    definition: Mapping[str, Any],
    known: tuple[Sequence[Event], Sequence[Event]],
    moment: Moment,
) -> str:
    before, taken = known
    alone = Moment(moment.domain_userid, moment.us)
    conversions = [{"name": "conversion", "events": ["submit_form"]}]
    if _same(live, feature(before, alone, definition, conversions)):
        return OWN_EVENT
    seen = feature(taken, alone, definition, conversions)
    if _same(live, seen):
        return KNOWN_EVENTS
    if definition.get("aggregation") == "unique_count" and abs(live - seen) <= max(
        1, APPROXIMATE_WITHIN * seen
    ):
        return APPROXIMATE
    if "period" not in definition and "aggregation" in definition and live in (None, "", 0):
        return EXPIRED
    return UNEXPLAINED


def _records(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in rows.to_dict("records"):
        yield {str(name): value for name, value in row.items()}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if value is None or value is pd.NA or value != value else value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return bool(one) == bool(other)
    return one == other
