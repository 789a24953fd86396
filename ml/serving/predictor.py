"""From a visitor to an answer: attributes, score, and what to do if Signals fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml.serving.compiled import Compiled, ValueOfAnotherKindError
from ml.serving.features import FeatureReader, NonsenseError
from ml.serving.limits import LastSeen
from ml.serving.messages import Answer, Ready
from ml.serving.settings import Settings
from ml.serving.signals import SignalsClient, UnavailableError
from ml.serving.state import State, Watch

log = logging.getLogger("cdp.serve")
_LOOK_S = 0.25


class NotReadyError(Exception):
    """There is no champion that can be scored; says why."""


class Served:
    """A champion and where its attributes are.

    Parameters
    ----------
    compiled
        What scores.
    state
        Of the main process.
    """

    def __init__(self, compiled: Compiled, state: State) -> None:
        card = compiled.card
        self.compiled = compiled
        self.reader = FeatureReader(compiled.names, card["features"])
        self.attributes = tuple(state.attributes[name] for name in self.reader.attributes)
        self.model_name = str(card["model_name"])
        self.version = str(card["version"])
        self.warm_at = datetime.fromisoformat(state.warm_at)

    def answer(
        self, visitor: str, returned: Sequence[Any], as_of: datetime, *, stale: bool, now: datetime
    ) -> Answer:
        """Score a visitor by the values of `attributes`."""
        try:
            values = self.reader.values(returned, as_of)
            scored = self.compiled.score(values)
        except (NonsenseError, ValueOfAnotherKindError) as error:
            raise UnavailableError(str(error)) from error
        return Answer(
            domain_userid=visitor,
            score=scored.score,
            label=scored.label,
            decile=scored.decile,
            reasons=scored.reasons,
            signals=dict(zip(self.reader.attributes, returned, strict=True)),
            scoring_attributes=dict(zip(self.compiled.names, values, strict=True)),
            model_name=self.model_name,
            model_version=self.version,
            known=self.reader.is_known(returned),
            warm=now >= self.warm_at,
            stale=stale,
            as_of=_told(as_of),
        )


class Predictor:
    """Scores visitors by the champion that the main process says.

    Parameters
    ----------
    folder
        The run folder.
    client
        Of Signals.
    settings
        How stale attributes may be.
    note
        Told of each change: `ready`, `failed` (a reload), `swapped`.
    """

    def __init__(
        self,
        folder: Path,
        client: SignalsClient,
        settings: Settings,
        note: Callable[..., None] = lambda **_: None,
    ) -> None:
        self._folder = folder
        self._client = client
        self._watch = Watch(folder)
        self._last = LastSeen(settings.stale_seconds, settings.stale_visitors)
        self._file = ""
        self._compiled: Compiled | None = None
        self.state = State(problem="The service starts.")
        self.served: Served | None = None
        self._note = note

    async def follow(self) -> None:
        """Look for another champion for ever."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Serve what the main process says, if that has changed."""
        try:
            state = self._watch.changed()
            if state is None:
                return
            served = None
            if state.model:
                if state.model != self._file:
                    path = self._folder / state.model
                    self._compiled = await asyncio.to_thread(_read, path)
                    self._file = state.model
                if not state.problem and self._compiled is not None:
                    served = Served(self._compiled, state)
        except Exception as error:  # the old one is served on
            log.error("swap_failed", extra={"reason": f"{type(error).__name__}: {error}"})
            return
        old, self.served, self.state = self.served, served, state
        if served is not None and (old is None or old.attributes != served.attributes):
            self._last.clear()
        swapped = False
        if served is not None and (old is None or old.version != served.version):
            swapped = True
            log.info("serving", extra={"model": served.model_name, "version": served.version})
        self._note(ready=served is not None, failed=bool(state.failed), swapped=swapped)

    def ready(self) -> Ready:
        """Say whether scores can be given."""
        served = self.served
        if served is None:
            return Ready("not ready", reason=self.state.problem, signals=self._client.state)
        return Ready(
            "ready",
            served.model_name,
            served.version,
            sorted({attribute.partition(":")[0] for attribute in served.attributes}),
            _told(served.warm_at),
            reload_failed=self.state.failed,
            signals=self._client.state,
        )

    async def predict(self, visitors: Sequence[str], replay: str = "") -> list[Answer]:
        """Score visitors.

        Parameters
        ----------
        visitors
            At most 100.
        replay
            The moment, ISO 8601, if the service replays events.

        Raises
        ------
        NotReadyError
            There is no champion, or its attributes are not published.
        UnavailableError
            Signals failed, and the last attributes of a visitor are not fresh enough.
        """
        served = self.served
        if served is None:
            raise NotReadyError(self.state.problem)
        try:
            rows = await self._client.read(visitors, served.attributes, replay)
            now = _moment(replay)
            answers = [
                served.answer(visitor, row, now, stale=False, now=now)
                for visitor, row in zip(visitors, rows, strict=True)
            ]
        except UnavailableError as error:
            return self._stale(served, visitors, error)
        clock = time.monotonic()
        for visitor, row in zip(visitors, rows, strict=True):
            self._last.put(visitor, (row, now), clock)
        return answers

    def _stale(
        self, served: Served, visitors: Sequence[str], error: UnavailableError
    ) -> list[Answer]:
        clock, now = time.monotonic(), datetime.now(UTC)
        out = []
        for visitor in visitors:
            kept: Any = self._last.get(visitor, clock)
            if kept is None:
                raise error
            returned, as_of = kept
            if len(returned) != len(served.attributes):
                raise error
            out.append(served.answer(visitor, returned, as_of, stale=True, now=now))
        return out


def _read(path: Path) -> Compiled:
    compiled = Compiled.from_bytes(path.read_bytes())
    # The first score takes seconds if loops are compiled for it: not a visitor's seconds.
    compiled.score([None] * len(compiled.names))
    return compiled


def _moment(replay: str) -> datetime:
    if not replay:
        return datetime.now(UTC)
    now = datetime.fromisoformat(replay)
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)


def _told(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
