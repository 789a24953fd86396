"""One day's events as plain numbers, before they get names."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ml.simulation import identity, site
from ml.simulation.identity import Stream
from ml.simulation.population import DayEvents, Population
from ml.simulation.process import DEVICE_CLASSES

Ints = NDArray[np.int64]
NULL = -1

_DEVICE_OFFSET: list[int] = []
_flat: list[float] = []
for _n, _kind in enumerate(DEVICE_CLASSES):
    _DEVICE_OFFSET.append(len(_flat))
    _cdf = np.cumsum([d.share for d in site.DEVICES if d.device_class == _kind])
    _cdf[-1] = 1.0
    _flat.extend(_n + _cdf)
_DEVICE_CDF = np.array(_flat)
_PLACE_CDF = np.cumsum([p.share for p in site.PLACES])
_PLACE_CDF[-1] = 1.0

MEMBER_SHARE = 0.2
"""Visitors who log in from their second session on, whatever their intent."""


@dataclass
class EventRows:
    """Events as codes, all arrays of one length.

    Attributes
    ----------
    event_key, view_key, session_key : uint64
        Become `event_id`, the web page entity's id and `domain_sessionid`.
    visitor, user : int
        Become `domain_userid` and `user_id`; -1 is null.
    session_index, step, on_page, url, referrer : int
        See `ml.simulation.sessions.Sessions`.
    device, place, app : int
        Rows of `site.DEVICES` and `site.PLACES`; the `app_id` where it isn't the page's, else -1.
    derived_us, created_us, sent_us, collector_us : int
        The four clocks, microseconds since 1970.
    bot : bool
        Whether the event comes from a robot.
    """

    event_key: identity.Keys
    view_key: identity.Keys
    session_key: identity.Keys
    visitor: Ints
    user: Ints
    session_index: Ints
    step: Ints
    on_page: Ints
    url: Ints
    referrer: Ints
    device: Ints
    place: Ints
    app: Ints
    derived_us: Ints
    created_us: Ints
    sent_us: Ints
    collector_us: Ints
    bot: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.visitor)

    def take(self, at: NDArray[np.int64] | NDArray[np.bool_] | slice) -> EventRows:
        """Rows at the given places (a copy)."""
        return EventRows(**{f.name: getattr(self, f.name)[at] for f in fields(self)})

    def with_columns(self, **columns: NDArray) -> EventRows:
        """Exchange some columns."""
        return replace(self, **columns)

    @staticmethod
    def concat(parts: list[EventRows]) -> EventRows:
        """Rows of all parts, in order."""
        return EventRows(
            **{
                f.name: np.concatenate([getattr(p, f.name) for p in parts])
                for f in fields(EventRows)
            }
        )


def rows_of(day: DayEvents, population: Population, seed: int, epoch_us: int) -> EventRows:
    """Give a day's events their identifiers, devices, places and clocks.

    Parameters
    ----------
    day : DayEvents
        What `Population.day` returned.
    population : Population
        The visitors.
    seed : int
        Seed of the simulation.
    epoch_us : int
        Start of the simulation, microseconds since 1970.

    Returns
    -------
    EventRows
        In the order of `day`.
    """
    s, of = day.sessions, day.session_of
    visitor = day.visitor
    session_key = identity.hash_of(seed, Stream.SESSION, visitor, day.index)
    device = devices_of(visitor, population.device[visitor].astype(np.int64), seed)
    place = places_of(visitor, seed)
    member = identity.uniform(identity.hash_of(seed, Stream.MEMBER, visitor)) < MEMBER_SHARE
    known = day.converted_before | (member & (day.index > 1))
    derived = epoch_us + day.start_us[of] + s.offset_us
    event_key = identity.hash_of(seed, Stream.EVENT, session_key[of], s.number)
    skew = clock_skew(visitor, seed)[of]
    return EventRows(
        event_key=event_key,
        view_key=identity.hash_of(seed, Stream.PAGE_VIEW, session_key[of], s.view),
        session_key=session_key[of],
        visitor=visitor[of],
        user=np.where(known, visitor, NULL)[of],
        session_index=day.index[of],
        step=s.step,
        on_page=s.on_page,
        url=s.url,
        referrer=s.referrer,
        device=device[of],
        place=place[of],
        app=np.full(len(of), NULL),
        bot=np.zeros(len(of), bool),
        **clocks(derived, event_key, skew, seed),
    )


def devices_of(visitor: Ints, device_class: Ints, seed: int) -> Ints:
    """Row of `site.DEVICES` of each visitor, within their device class."""
    u = identity.uniform(identity.hash_of(seed, Stream.DEVICE, visitor))
    return np.searchsorted(_DEVICE_CDF, device_class + u, side="right")


def places_of(visitor: Ints, seed: int) -> Ints:
    """Row of `site.PLACES` of each visitor."""
    u = identity.uniform(identity.hash_of(seed, Stream.PLACE, visitor))
    return np.searchsorted(_PLACE_CDF, u, side="right")


def clock_skew(visitor: Ints, seed: int) -> Ints:
    """How far each visitor's clock is ahead, microseconds: mostly under 2 s."""
    u = identity.uniform(identity.hash_of(seed, Stream.CLOCK, visitor))
    return ((2 * u - 1) ** 3 * 6_000_000).astype(np.int64)


def clocks(derived_us: Ints, event_key: identity.Keys, skew_us: Ints, seed: int) -> dict[str, Ints]:
    """Read the four clocks of an event.

    `derived_tstamp` is `collector_tstamp - (dvce_sent_tstamp - dvce_created_tstamp)`, so that a
    wrong clock on the device cancels out: only the latency of the network is left in it.
    """
    u = identity.uniform(identity.hash_of(seed, Stream.LATENCY, event_key))
    latency = (20_000 + 250_000 * u**4).astype(np.int64)
    queued = (5_000 + 900_000 * (u * 97 % 1) ** 6).astype(np.int64)
    created = derived_us - latency + skew_us
    return {
        "derived_us": derived_us,
        "created_us": created,
        "sent_us": created + queued,
        "collector_us": derived_us + queued,
    }
