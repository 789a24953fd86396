"""A log of what changed, from which a restart makes the same state again.

Records are lines of JSON: events that were taken, the registry after each change, and whole
profiles. When the log has grown, every profile is written once to a new file, a few at a time
while the server answers; then the files before it are no longer needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

CHECKPOINT_BYTES = 64_000_000
"""How much is logged until profiles are written anew."""


class Journal:
    """The log, as numbered files in one folder.

    Parameters
    ----------
    folder : pathlib.Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.torn = 0
        self._file: BinaryIO | None = None
        self._buffer: list[bytes] = []
        self._size = 0
        self._encoder = msgspec.json.Encoder()

    def paths(self) -> list[Path]:
        """List the files, oldest first."""
        return sorted(self.folder.glob("log-*.ndjson"))

    def records(self) -> Iterator[dict[str, Any]]:
        """Read what was logged. The last line may be cut off, if the process was killed."""
        for path in self.paths():
            with path.open("rb") as lines:
                for line in lines:
                    self._size += len(line)
                    try:
                        yield msgspec.json.decode(line)
                    except msgspec.DecodeError:
                        self.torn += 1

    def start_file(self) -> Path:
        """Log to a new file from now on."""
        self.flush()
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
        paths = self.paths()
        number = int(paths[-1].stem.partition("-")[2]) + 1 if paths else 1
        path = self.folder / f"log-{number:08}.ndjson"
        self._file = path.open("ab")
        return path

    def write(self, record: dict[str, Any]) -> None:
        """Log a record; `flush` brings it to the file."""
        self._buffer.append(self._encoder.encode(record))

    def flush(self) -> None:
        """Bring what was logged to the file."""
        if not self._buffer:
            return
        if self._file is None:
            self.start_file()
        data = b"\n".join([*self._buffer, b""])
        self._buffer.clear()
        assert self._file is not None
        self._file.write(data)
        self._file.flush()
        self._size += len(data)

    def descriptor(self) -> int | None:
        """Open the file a second time, for `sync` in a thread; it may be closed meanwhile."""
        return None if self._file is None else os.dup(self._file.fileno())

    def has_grown(self) -> bool:
        """Tell whether profiles should be written anew."""
        return self._size > CHECKPOINT_BYTES

    def drop_before(self, path: Path) -> None:
        """Remove the files before one."""
        for old in self.paths():
            if old.name < path.name:
                old.unlink()
        self._size = sum(kept.stat().st_size for kept in self.paths())

    def close(self) -> None:
        """Bring everything to the disk."""
        self.flush()
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def sync(descriptor: int | None) -> None:
    """Bring a file to the disk, and close it."""
    if descriptor is not None:
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
