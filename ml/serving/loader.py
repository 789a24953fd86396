"""The main process: finds the champion and its published attributes, and tells the workers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.serving.compile import compile_champion
from ml.serving.state import State

log = logging.getLogger("cdp.serve")


@dataclass(frozen=True)
class Published:
    """A champion's attribute group in Signals.

    Parameters
    ----------
    group
        `live_features_v3`.
    since
        When it was published, ISO 8601 in UTC; empty: not known.
    """

    group: str
    since: str


class Loader:
    """Keeps the run folder up to date.

    Parameters
    ----------
    folder
        Where workers look.
    find
        Returns the champion's card and artefact.
    find_group
        Card -> its published group; raises if there is none.
    seconds
        Between looks.
    """

    def __init__(
        self,
        folder: Path,
        find: Callable[[], tuple[dict[str, Any], bytes]],
        find_group: Callable[[dict[str, Any]], Published],
        seconds: float,
    ) -> None:
        self._folder = folder
        self._find = find
        self._find_group = find_group
        self._seconds = seconds
        self._card: dict[str, Any] = {}
        self._number = 0
        self._wake = threading.Event()
        self._stopped = False
        self.state = State(problem="The service starts.")

    def load(self) -> State:
        """Look once, tell the workers what changed, and return what they serve."""
        state = self._looked()
        if state != self.state:
            for text, what in ((state.failed, "reload_failed"), (state.problem, "not_ready")):
                if text and text not in (self.state.failed, self.state.problem):
                    log.error(what, extra={"reason": text})
            self.state = state
            state.write(self._folder)
            self._remove_old(state.model)
        return state

    def _looked(self) -> State:
        old = self.state
        try:
            card, artefact = self._find()
            model = old.model
            if card != self._card:
                compiled = compile_champion(card, artefact)
                self._number += 1
                model = f"{self._number}.npz"
                (self._folder / model).write_bytes(compiled.to_bytes())
        except Exception as error:
            return self._failed(error)
        try:
            published = self._find_group(card)
        except Exception as error:
            if model != old.model and old.group:
                # The new champion reads attributes that are not there: the old one goes on.
                return self._failed(error)
            if model == old.model and old.group and getattr(error, "temporary", True):
                return State(old.model, old.group, old.since, "", str(error))
            self._card = card
            return State(model, problem=str(error))
        self._card = card
        return State(model, published.group, published.since)

    def _failed(self, error: Exception) -> State:
        old = self.state
        if old.group:
            return State(old.model, old.group, old.since, failed=str(error))
        return State(problem=str(error))

    def _remove_old(self, model: str) -> None:
        """Remove models that no worker reads any more: all but this and the one before."""
        number = int(model.partition(".")[0] or 0)
        for path in self._folder.glob("*.npz"):
            if int(path.stem) < number - 1:
                path.unlink(missing_ok=True)

    def follow(self) -> threading.Thread:
        """Look again and again, in a thread of its own."""
        thread = threading.Thread(target=self._follow, name="champion", daemon=True)
        thread.start()
        return thread

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True
        self._wake.set()

    def _follow(self) -> None:
        while True:
            self._wake.wait(self._seconds or None)
            self._wake.clear()
            if self._stopped:
                return
            self.load()
