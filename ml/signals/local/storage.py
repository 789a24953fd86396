"""What the stand-in keeps on disk: its state, events as Parquet, and bad rows."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import fcntl
import time
from pathlib import Path
from typing import Any

import msgspec

from ml.signals.local.event_files import EventFiles
from ml.signals.local.journal import Journal, sync
from ml.signals.local.profiles import Profile
from ml.signals.local.properties import Json, Row
from ml.signals.local.registry import Registry
from ml.signals.local.series import Series
from ml.signals.local.stand_in import StandIn
from ml.signals.local.totals import Lifetime

TICK_SECONDS = 0.2
"""How often what was taken is brought to the log."""
FILE_SECONDS = 3.0
"""How often taken events become a file."""
PROFILES_PER_TICK = 500
PROFILES_PER_SWEEP = 50
BAD_BYTES = 50_000_000
"""Bytes of bad rows that are kept per day; further ones are counted only."""
BAD_PAYLOAD = 10_000
BAD_BODY = 2_000


class FolderInUseError(Exception):
    """Another stand-in has this folder."""


class Storage:
    """The folder of a stand-in.

    Parameters
    ----------
    folder : pathlib.Path
    stand_in : StandIn
        Gets the state that an earlier run left, and is written from then on.

    Raises
    ------
    FolderInUseError
    """

    def __init__(self, folder: Path, stand_in: StandIn) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise FolderInUseError(f"{folder} is in use by another stand-in.") from None
        self.stand_in = stand_in
        self.bad = folder / "bad"
        self.files = EventFiles(folder / "events")
        self.journal = Journal(folder / "state")
        self._rows: list[Row] = []
        self._number = self._written = self.files.last()
        self._stopping = asyncio.Event()
        self._checkpoint: tuple[Path, list[tuple[str, str]]] | None = None
        self._sweep: list[tuple[str, str]] = []
        self._load()
        stand_in.counts.clear()
        self.journal.start_file()
        stand_in.storage = self

    # What the stand-in tells

    def event(self, row: Row, taken: int) -> None:
        """Keep an event that was taken."""
        self._number += 1
        self._rows.append(row)
        self.journal.write({"e": row, "t": taken, "n": self._number})

    def registry(self) -> None:
        """Keep the registry as it is now."""
        self.journal.write({"r": self.stand_in.registry.dump()})

    def sent(self, place: tuple[str, str], what: str) -> None:
        """Keep that an intervention was sent."""
        self.journal.write({"s": [*place, what]})

    def bad_row(self, reason: str, payload: Json) -> None:
        """Keep a bad row, as long as there is room for it."""
        now = dt.datetime.now(dt.UTC)
        path = self.bad / f"bad-{now:%Y-%m-%d}.ndjson"
        self.bad.mkdir(exist_ok=True)
        if path.exists() and path.stat().st_size > BAD_BYTES:
            return
        if isinstance(payload, bytes):
            shown: Any = payload[:BAD_BODY].decode("utf-8", "replace")
        else:
            shown = _encoded(payload)[:BAD_PAYLOAD].decode("utf-8", "replace")
        record = {"time": now.isoformat(), "reason": reason, "payload": shown}
        with path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")

    # What happens besides

    async def run(self) -> None:
        """Bring to disk what was taken, until `stop` is called."""
        async with asyncio.TaskGroup() as group:
            # A large file takes longer to write than the log may wait.
            group.create_task(self._keep_log())
            group.create_task(self._keep_files())

    def stop(self) -> None:
        """End `run` after what it is at."""
        self._stopping.set()

    async def _is_over(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()

    async def _keep_log(self) -> None:
        while not await self._is_over(TICK_SECONDS):
            self.journal.flush()
            self._write_profiles()
            self._forget()

    async def _keep_files(self) -> None:
        while not await self._is_over(FILE_SECONDS):
            await asyncio.to_thread(sync, self.journal.descriptor())
            await self._write_file()

    def _forget(self) -> None:
        """Drop what no attribute can read any more, of a few profiles at a time."""
        profiles = self.stand_in.profiles
        self._sweep = self._sweep or list(profiles.profiles)
        profiles.forget(int(time.time() * 1_000_000), self._sweep[-PROFILES_PER_SWEEP:])
        del self._sweep[-PROFILES_PER_SWEEP:]

    async def _write_file(self) -> None:
        rows, first = self._rows, self._written + 1
        if rows:
            self._rows = []
            try:
                await asyncio.to_thread(self.files.write, rows, first)
            except BaseException:
                self._rows = [*rows, *self._rows]
                raise
            self._written = first + len(rows) - 1
            self.journal.write({"w": self._written})

    def _write_profiles(self) -> None:
        profiles = self.stand_in.profiles
        if self._checkpoint is None:
            if not self.journal.has_grown():
                return
            self._checkpoint = self.journal.start_file(), list(profiles.profiles)
            self.registry()
        path, places = self._checkpoint
        for place in places[:PROFILES_PER_TICK]:
            profile = profiles.profiles.get(place)
            if profile is not None:
                self.journal.write({"p": [*place, _dump(profile)]})
        del places[:PROFILES_PER_TICK]
        # Events that are in no file yet are still needed from the log.
        if not places and not self._rows:
            self.journal.write({"w": self._written})
            self.journal.flush()
            sync(self.journal.descriptor())
            self.journal.drop_before(path)
            self._checkpoint = None

    def close(self) -> None:
        """Bring everything to disk."""
        if self._rows:
            self.files.write(self._rows, self._written + 1)
            self._written += len(self._rows)
            self._rows = []
            self.journal.write({"w": self._written})
        self.journal.close()
        self._lock.close()

    # What an earlier run left

    def _load(self) -> None:
        stand_in, rows = self.stand_in, []
        for record in self.journal.records():
            if "e" in record:
                stand_in.take(record["e"], record["t"])
                self._number = max(self._number, record["n"])
                rows.append((record["n"], record["e"]))
            elif "r" in record:
                stand_in.registry = Registry.load(record["r"])
                stand_in.refresh()
            elif "s" in record:
                key, identifier, what = record["s"]
                stand_in.profiles.ensure((key, identifier)).sent.add(what)
            elif "p" in record:
                key, identifier, state = record["p"]
                profile = stand_in.profiles.ensure((key, identifier))
                _fill(profile, state, stand_in.profiles.limits.events)
            elif "w" in record:
                self._written = max(self._written, record["w"])
                rows = [entry for entry in rows if entry[0] > self._written]
        self._number = max(self._number, self._written)
        self._rows = [row for number, row in rows if number > self._written]


def _encoded(payload: Json) -> bytes:
    try:
        return msgspec.json.encode(payload)
    except (TypeError, ValueError, RecursionError):
        return b"(cannot be shown)"


def _dump(profile: Profile) -> dict[str, Any]:
    return {
        "taken": profile.taken,
        "sent": sorted(profile.sent),
        "series": {
            name: [list(series.times), series.values if series.has_values else None]
            for name, series in profile.series.items()
        },
        "lifetimes": {
            name: [value.aggregation, value.dump()] for name, value in profile.lifetimes.items()
        },
    }


def _fill(profile: Profile, state: dict[str, Any], limit: int) -> None:
    profile.taken, profile.sent = state["taken"], set(state["sent"])
    profile.series = {
        name: Series.load(times, values, limit) for name, (times, values) in state["series"].items()
    }
    profile.lifetimes = {
        name: Lifetime.load(aggregation, dumped)
        for name, (aggregation, dumped) in state["lifetimes"].items()
    }
