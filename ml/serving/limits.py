"""How much one client may ask, and a memory of bounded size."""

from __future__ import annotations

from collections import OrderedDict


class RateLimit:
    """A token bucket per client.

    Parameters
    ----------
    rate
        Requests per second on average; 0: no limit.
    burst
        Requests at once.
    clients
        How many are remembered; then the one that was idle longest is forgotten.
    """

    def __init__(self, rate: float, burst: int, clients: int) -> None:
        self._rate = rate
        self._burst = float(max(burst, 1))
        self._clients = clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float, cost: float = 1.0) -> float:
        """Take a request.

        Parameters
        ----------
        client
            Who asks.
        now
            Seconds of a clock that does not go back.
        cost
            How many requests it counts as; never more than a full bucket.

        Returns
        -------
        float
            0 if the request may go on; else the seconds after which one may.

        Examples
        --------
        >>> limit = RateLimit(rate=2, burst=1, clients=10)
        >>> limit.wait("a", now=0.0), limit.wait("a", now=0.0), limit.wait("a", now=0.5)
        (0.0, 0.5, 0.0)
        """
        if self._rate <= 0:
            return 0.0
        tokens, then = self._buckets.pop(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._rate)
        cost = min(cost, self._burst)
        missing = cost - tokens
        self._buckets[client] = (tokens if missing > 0 else tokens - cost, now)
        if len(self._buckets) > self._clients:
            self._buckets.popitem(last=False)
        return max(0.0, missing / self._rate)


class LastSeen:
    """The newest attributes of visitors, for when Signals fails.

    Parameters
    ----------
    seconds
        How old they may be.
    visitors
        Of how many at most.
    """

    def __init__(self, seconds: float, visitors: int) -> None:
        self._seconds = seconds
        self._visitors = visitors
        self._kept: OrderedDict[str, tuple[float, object]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, visitor: str, found: object, now: float) -> None:
        """Remember what was found."""
        self._kept.pop(visitor, None)
        self._kept[visitor] = (now, found)
        if len(self._kept) > self._visitors:
            self._kept.popitem(last=False)

    def get(self, visitor: str, now: float) -> object | None:
        """Return what was found, unless that was too long ago."""
        then, found = self._kept.get(visitor, (0.0, None))
        return found if found is not None and now - then <= self._seconds else None

    def clear(self) -> None:
        """Forget everybody."""
        self._kept.clear()
