"""What the main process tells its workers: which champion to serve, or why none.

The main process reads warehouses and compiles; workers only watch a file. So a warehouse that
hangs or a version that cannot be read stops no request, and workers stay small.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

_FILE = "state.json"


class State(msgspec.Struct, frozen=True):
    """What is served.

    Parameters
    ----------
    model
        File of the compiled champion in the run folder; empty: none yet.
    attributes
        Feature -> the attribute that it is read from, `live_features_v3:num_page_views_l7d`.
    warm_at
        From when on the windows of all of them are full, ISO 8601 in UTC.
    problem
        Why nothing can be scored; empty if it can.
    failed
        Why the last reload failed, while an older champion is served; else empty.
    """

    model: str = ""
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    warm_at: str = ""
    problem: str = ""
    failed: str = ""

    def write(self, folder: Path) -> None:
        """Put it in place of the last one."""
        aside = folder / f".{_FILE}"
        aside.write_bytes(msgspec.json.encode(self))
        aside.replace(folder / _FILE)


class Watch:
    """Tells a worker when the state has changed.

    Parameters
    ----------
    folder
        The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._seen: tuple[int, int] | None = None

    def changed(self) -> State | None:
        """Return the state if it is not the one that was returned last."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        mark = (found.st_mtime_ns, found.st_ino)
        if mark == self._seen:
            return None
        state = msgspec.json.decode(self._path.read_bytes(), type=State)
        self._seen = mark
        return state
