"""Where the champion comes from, and where Signals has its attributes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ml.engines.connections import Reader
from ml.signals.champion import Champion, read_champion
from ml.signals.client import Client, Connection
from ml.signals.definitions import SignalsError
from ml.signals.published import sources
from ml.signals.registry import read_state


class NotPublishedError(SignalsError):
    """Signals has no attributes with the champion's definitions; the message says what to do."""


@dataclass(frozen=True)
class Attributes:
    """Where a champion's attributes are.

    Parameters
    ----------
    names
        Feature -> `live_features_v3:num_page_views_l7d`.
    warm_at
        From when on all windows are full.
    """

    names: dict[str, str]
    warm_at: datetime


def from_warehouse(opened: Callable[[], Reader], model_name: str) -> Callable[[], Champion | None]:
    """Make the function that finds the champion in the registry of a warehouse.

    Parameters
    ----------
    opened
        Opens the warehouse; it is closed after each look.
    model_name
        Whose champion.

    Returns
    -------
    callable
        Its answer is None if the warehouse is a DuckDB file that has not changed: a build cannot
        write to a file while it is open elsewhere.
    """
    seen: list[tuple[Path, object]] = []

    def find() -> Champion | None:
        if seen and seen[0][1] is not None and _mark(seen[0][0]) == seen[0][1]:
            return None
        with opened() as reader:
            file = Path(reader.name)
            mark = _mark(file)
            champion = read_champion(reader, model_name)
        seen[:] = [(file, mark)]
        return champion

    return find


def from_file(path: Path) -> Callable[[], Champion | None]:
    """Make the function that finds the champion in a file of `cdp export-model`."""
    seen: list[object] = [None]

    def find() -> Champion | None:
        mark = (_mark(path), _mark(path.with_name(f"{path.name}.json")))
        if mark == seen[0]:
            return None
        champion = Champion.from_card(path)
        seen[0] = mark
        return champion

    return find


def published(to: Connection) -> Callable[[Champion], Attributes]:
    """Make the function that finds a champion's attributes in Signals' registry.

    It raises NotPublishedError if some are not there, SignalsError if nobody can tell.
    """

    def find(champion: Champion) -> Attributes:
        now = datetime.now(UTC)
        with Client(to, timeout_s=10) as client:
            groups = read_state(client, champion.model_name).groups
        found = sources(champion, groups, now)
        missing = sorted(champion.attributes.keys() - found.keys())
        if missing:
            msg = (
                f"{champion.model_name} {champion.version} reads {', '.join(missing)}, which "
                "Signals does not have as it was trained on them. Run `cdp signals publish`."
            )
            raise NotPublishedError(msg)
        group = champion.group["name"]
        return Attributes(
            {name: f"{group}_v{source.version}:{name}" for name, source in found.items()},
            max((source.warm_at for source in found.values()), default=now),
        )

    return find


def _mark(path: Path) -> object:
    if not path.is_file():
        return None
    found = path.stat()
    return (found.st_mtime_ns, found.st_size, found.st_ino)
