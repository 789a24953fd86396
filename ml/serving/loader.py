"""The main process: finds the champion and its published attributes, and tells the workers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ml.serving.compile import compile_champion
from ml.serving.source import Attributes, NotPublishedError
from ml.serving.state import State
from ml.signals.champion import Champion

log = logging.getLogger("cdp.serve")
# While nothing can be scored, Signals' registry is asked this often.
_RETRY_S = 5.0


class Loader:
    """Keeps the run folder up to date.

    Parameters
    ----------
    folder
        Where workers look.
    find
        Returns the champion; None if it is the one that it returned last.
    find_attributes
        Of a champion; raises NotPublishedError if they are not there.
    seconds
        Between looks; 0: only on `wake`.
    """

    def __init__(
        self,
        folder: Path,
        find: Callable[[], Champion | None],
        find_attributes: Callable[[Champion], Attributes],
        seconds: float,
    ) -> None:
        self._folder = folder
        self._find = find
        self._find_attributes = find_attributes
        self._seconds = seconds
        # The newest one found, and its file; served or waiting for its attributes.
        self._champion: Champion | None = None
        self._file = ""
        self._number = 0
        self._find_failed = ""
        self._wake = threading.Event()
        self._stopped = False
        self.state = State(problem="The service starts.")

    def load(self, *, look: bool = True) -> State:
        """Tell the workers what changed, and return what they are told.

        Parameters
        ----------
        look
            Whether to look for another champion, or only for attributes.
        """
        if look:
            self._find_failed = self._find_champion()
        old, state = self.state, self._state()
        if state != old:
            for event, text, before in (
                ("reload_failed", state.failed, old.failed),
                ("not_ready", state.problem, old.problem),
            ):
                if text and text != before:
                    log.error(event, extra={"reason": text})
            self.state = state
            state.write(self._folder)
            self._remove_old()
        return state

    def _find_champion(self) -> str:
        """Take the newest champion; why it could not be taken, or nothing."""
        try:
            champion = self._find()
            if champion is None or champion == self._champion:
                return ""
            compiled = compile_champion(champion.to_json(), champion.artefact)
            self._number += 1
            self._file = f"{self._number}.npz"
            (self._folder / self._file).write_bytes(compiled.to_bytes())
            self._champion = champion
        except Exception as error:  # the old one is served on, whatever it is
            return str(error) or type(error).__name__
        return ""

    def _state(self) -> State:
        old = self.state
        if self._champion is None:
            return State(problem=self._find_failed)
        try:
            found = self._find_attributes(self._champion)
        except Exception as error:
            text = str(error) or type(error).__name__
            gone = isinstance(error, NotPublishedError) and self._file == old.model
            if old.model and not old.problem and not gone:
                # What is served now is served on.
                return State(old.model, old.attributes, old.warm_at, failed=text)
            return State(self._file, problem=text)
        return State(self._file, found.names, found.warm_at.isoformat(), failed=self._find_failed)

    def _remove_old(self) -> None:
        """Remove models that no worker reads any more."""
        kept = {self.state.model, self._file, f"{self._number - 1}.npz"}
        for path in self._folder.glob("*.npz"):
            if path.name not in kept:
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
        due = time.monotonic() + self._seconds
        while not self._stopped:
            waits = [due - time.monotonic()] if self._seconds else []
            waits += [_RETRY_S] if self.state.problem else []
            asked = self._wake.wait(max(min(waits), 0.0) if waits else None)
            self._wake.clear()
            if self._stopped:
                return
            look = asked or (self._seconds > 0 and time.monotonic() >= due)
            self.load(look=look)
            if look:
                due = time.monotonic() + self._seconds
