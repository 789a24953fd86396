"""The values of all visitors: events in, attributes out. Memory is bounded."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ml.signals.local.attributes import Attribute, Plan, Source
from ml.signals.local.properties import Json, Row, microseconds
from ml.signals.local.series import Series
from ml.signals.local.totals import Lifetime

SLACK = 86_400 * 1_000_000
"""Events are kept this much longer than the longest period, so that a replay may step back."""


@dataclass(frozen=True)
class Limits:
    """What bounds the memory.

    Parameters
    ----------
    profiles : int
        Visitors, sessions and other identifiers that are kept; those seen longest ago leave first.
    events : int
        Events that are kept per visitor and attribute source; the oldest leave first.
    """

    profiles: int = 100_000
    events: int = 200_000


@dataclass
class Profile:
    """What is kept of one identifier."""

    series: dict[str, Series] = field(default_factory=dict)
    lifetimes: dict[str, Lifetime] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    taken: int = 0


class Profiles:
    """Values of attributes by attribute key and identifier.

    Parameters
    ----------
    limits : Limits
        What bounds the memory.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.plan = Plan([], {})
        self.profiles: OrderedDict[tuple[str, str], Profile] = OrderedDict()
        self.counts: Counter[str] = Counter()

    def use(self, plan: Plan) -> None:
        """Compute what a new plan says; forget what nobody asks for any more."""
        self.plan = plan
        sources = {name: s for key in plan.keys.values() for name, s in key.sources.items()}
        states = {a.state for source in sources.values() for a in source.lifetimes}
        windowed = {name for name, source in sources.items() if source.longest_period}
        for profile in self.profiles.values():
            for name in profile.series.keys() - windowed:
                del profile.series[name]
            for state in profile.lifetimes.keys() - states:
                del profile.lifetimes[state]

    def take(self, row: Row, taken: int) -> list[tuple[str, str]]:
        """Take an event.

        Parameters
        ----------
        row : dict
            The enriched event.
        taken : int
            When it was taken, in microseconds since 1970.

        Returns
        -------
        list of tuple of str
            Attribute key and identifier of each profile that it changed.
        """
        time = microseconds(row.get("derived_tstamp") or row.get("collector_tstamp"))
        if time is None:
            time = taken
        changed = []
        for key, sources in self.plan.taking(row):
            identifier = key.identifier(row)
            if identifier is None or identifier == "":
                continue
            place = key.name, str(identifier)
            profile = self.profiles.get(place)
            for source in sources:
                if source.meets_criteria is not None and not source.meets_criteria(row):
                    continue
                value = None
                if source.value is not None:
                    value = source.value(row)
                    if value is None:
                        continue
                if profile is None:
                    profile = self._new(place)
                self._add(profile, source, time, value, taken)
                profile.taken = max(profile.taken, taken)
            if profile is not None and profile.taken >= taken:
                self.profiles.move_to_end(place)
                changed.append(place)
        return changed

    def ensure(self, place: tuple[str, str]) -> Profile:
        """Find the profile of an attribute key and identifier, or begin one."""
        profile = self.profiles.get(place)
        if profile is None:
            return self._new(place)
        self.profiles.move_to_end(place)
        return profile

    def _new(self, place: tuple[str, str]) -> Profile:
        profile = self.profiles[place] = Profile()
        if len(self.profiles) > self.limits.profiles:
            self.profiles.popitem(last=False)
            self.counts["profiles_dropped"] += 1
        return profile

    def _add(self, profile: Profile, source: Source, time: int, value: Json, taken: int) -> None:
        if source.longest_period:
            oldest = taken - source.longest_period - SLACK
            if time >= oldest:
                series = profile.series.get(source.name)
                if series is None:
                    series = Series(source.value is not None, self.limits.events)
                    profile.series[source.name] = series
                self.counts["events_dropped"] += series.add(time, value)
                if series.times[0] < oldest and not len(series.times) % 64:
                    series.forget_before(oldest)
        for attribute in source.lifetimes:
            state = profile.lifetimes.get(attribute.state)
            if state is None or taken - state.updated > attribute.ttl:
                state = profile.lifetimes[attribute.state] = Lifetime(attribute.aggregation)
            if not state.add(time, value, taken):
                self.counts["values_left_out"] += 1

    def read(self, key: str, identifier: str, attributes: Sequence[Attribute], now: int) -> list:
        """Values of attributes for one identifier, as of a time.

        Parameters
        ----------
        key, identifier : str
            Attribute key and identifier.
        attributes : sequence of Attribute
            What to read.
        now : int
            Microseconds since 1970.

        Returns
        -------
        list
            A value per attribute: its default, or null, if there is none.
        """
        profile = self.profiles.get((key, identifier))
        return [attribute.present(_raw(profile, attribute, now), now) for attribute in attributes]

    def forget(self, now: int, places: Iterable[tuple[str, str]] | None = None) -> None:
        """Drop what no attribute can read any more: events before the windows, expired values."""
        ttls = {
            a.state: a.ttl
            for key in self.plan.keys.values()
            for s in key.sources.values()
            for a in s.lifetimes
        }
        periods = {
            name: source.longest_period
            for key in self.plan.keys.values()
            for name, source in key.sources.items()
        }
        for place in list(self.profiles if places is None else places):
            profile = self.profiles.get(place)
            if profile is None:
                continue
            for name, series in list(profile.series.items()):
                series.forget_before(now - periods.get(name, 0) - SLACK)
                if not series.times:
                    del profile.series[name]
            # Expired values go with the rest of the profile, so that they are null until then.
            alive = any(
                state in ttls and now - value.updated <= ttls[state] + SLACK
                for state, value in profile.lifetimes.items()
            )
            if not profile.series and not alive:
                del self.profiles[place]


def _raw(profile: Profile | None, attribute: Attribute, now: int) -> Json:
    nothing = 0 if attribute.aggregation == "counter" else None
    if profile is None:
        return nothing
    if attribute.period is not None:
        series = profile.series.get(attribute.source.name)
        return series.read(attribute.aggregation, now, attribute.period) if series else nothing
    state = profile.lifetimes.get(attribute.state)
    if state is None:
        return nothing
    return None if now - state.updated > attribute.ttl else state.read()
