"""What the service is told by environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_PREFIX = "CDP_SERVE_"


class SettingsError(ValueError):
    """A variable has a value that is not accepted; the message names it and says what is."""


@dataclass(frozen=True)
class Settings:
    """How the service behaves; the names of its variables are CDP_SERVE_ and these.

    Parameters
    ----------
    origins
        Web origins whose pages may call it, separated by commas; none by default.
    api_key
        What callers must send as `X-API-Key`; empty: nothing.
    rate, burst
        Requests per second of one client on average, and at once; a rate of 0 is no limit.
    clients
        Clients that are told apart; beyond it, the one that was idle longest is forgotten.
    proxies
        Reverse proxies in front whose X-Forwarded-For is believed; 0: none.
    body_bytes
        Longest body.
    body_seconds
        How long a body may take to arrive.
    signals_timeout
        Seconds that Signals may take.
    signals_calls
        Calls to Signals at the same time, per worker.
    waiting
        Visitors that may wait for Signals, per worker; more are answered 503.
    failures, pause_seconds
        So many failed calls in a row stop calls to Signals for so long.
    stale_seconds, stale_visitors
        How old, and of how many visitors, attributes may be that are used if Signals fails.
    poll_seconds
        How often the champion and its attribute group are looked for.
    log_requests
        1: one log line per request.
    replay
        1: take the time from the header X-Replay-Now, and pass it on to a stand-in of Signals.
    """

    origins: str = ""
    api_key: str = ""
    rate: float = 20.0
    burst: int = 40
    clients: int = 50_000
    proxies: int = 0
    body_bytes: int = 65_536
    body_seconds: float = 10.0
    signals_timeout: float = 1.0
    signals_calls: int = 4
    waiting: int = 5_000
    failures: int = 5
    pause_seconds: float = 5.0
    stale_seconds: float = 300.0
    stale_visitors: int = 10_000
    poll_seconds: float = 300.0
    log_requests: int = 0
    replay: int = 0

    @property
    def allowed_origins(self) -> list[str]:
        """`origins` as a list."""
        return [origin.strip().rstrip("/") for origin in self.origins.split(",") if origin.strip()]

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Settings:
        """Read the variables.

        Raises
        ------
        SettingsError
            One is not accepted, or there is no setting of its name.
        """
        known = {f"{_PREFIX}{name.upper()}": name for name in cls.__dataclass_fields__}
        given: dict[str, object] = {}
        for variable, text in env.items():
            if not variable.startswith(_PREFIX) or variable == RUN_FOLDER:
                continue
            if variable not in known:
                msg = f"{variable} is no setting; there are {', '.join(sorted(known))}."
                raise SettingsError(msg)
            name = known[variable]
            given[name] = _read(variable, text, type(cls.__dataclass_fields__[name].default))
        out = cls(**given)  # pyright: ignore[reportArgumentType]
        for origin in out.allowed_origins:
            if "://" not in origin or "*" in origin or origin.count("/") != 2:
                msg = (
                    f"{_PREFIX}ORIGINS: {origin!r} is no origin; write scheme, host and port, "
                    "such as https://www.example.com or http://localhost:8080."
                )
                raise SettingsError(msg)
        return out


# Folder in which the main process puts what its workers serve; set by `cdp serve` itself.
RUN_FOLDER = f"{_PREFIX}RUN"


def _read(variable: str, text: str, kind: type) -> object:
    if kind is str:
        return text
    try:
        value = kind(text)
    except ValueError:
        value = -1
    # Not "less than": NaN is not accepted.
    if not 0 <= value < 1e9:
        what = "a whole number" if kind is int else "a number"
        msg = f"{variable} is {text!r}; give {what} from 0 on."
        raise SettingsError(msg)
    return value
