"""The part of Census's API that is needed: list a sync's runs, trigger one, read one."""

from __future__ import annotations

import itertools
import os
import random
import re
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

T = TypeVar("T")
API_URL = "https://app.getcensus.com"
V1_ENDS = date(2027, 1, 15)
# A sync's runs that are looked at, newest first: more than can begin while one is triggered.
_RUNS = 25
_LONGEST_WAIT_S = 60.0
_LONG_WAIT_S = 2.0
_OVER = frozenset({"completed", "failed", "skipped"})
_GOES_ON = frozenset({"queued", "working"})
# The request did not leave this machine.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class CensusError(Exception):
    """Census refused, or gave no answer that can be used. The message holds no token."""


class RefusedError(CensusError):
    """Census refused; asking again would change nothing.

    Parameters
    ----------
    message
        What to tell.
    status
        Of HTTP.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NotDoneError(CensusError):
    """The request was certainly not carried out: it can be sent again.

    Parameters
    ----------
    message
        What to tell.
    wait_s
        Seconds that Census asks to wait, if it says so.
    """

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class InDoubtError(NotDoneError):
    """Nobody knows whether the request was carried out.

    Parameters
    ----------
    message, wait_s
        As of `NotDoneError`.
    accepted
        Census said yes, in an answer that cannot be read.
    """

    def __init__(
        self, message: str, wait_s: float | None = None, *, accepted: bool = False
    ) -> None:
        super().__init__(message, wait_s)
        self.accepted = accepted


class Patience:
    """How often and how long to try: pauses that double, with jitter, until a deadline.

    Parameters
    ----------
    retries
        Further tries after the first.
    first_wait_s
        Upper end of the first pause.
    timeout_s
        For everything together, from now on.
    say
        Takes a line about each long pause.
    """

    def __init__(
        self,
        retries: int,
        first_wait_s: float,
        timeout_s: float,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.retries = retries
        self._say = say
        self._first_wait_s = first_wait_s
        self._deadline = time.monotonic() + timeout_s

    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self._deadline - time.monotonic()

    def pause(self, tries: int, error: NotDoneError) -> None:
        """Wait before the next try: as long as Census asks, else by chance.

        Parameters
        ----------
        tries
            How many have failed.
        error
            Of the last one.

        Raises
        ------
        NotDoneError
            That error, if the pause would go beyond the deadline.
        """
        longest = min(_LONGEST_WAIT_S, self._first_wait_s * 2.0 ** (tries - 1))
        wait_s = error.wait_s if error.wait_s is not None else random.uniform(longest / 2, longest)
        if wait_s > self.left_s():
            raise error
        if wait_s >= _LONG_WAIT_S:
            self._say(f"{error}; next try in {wait_s:.0f} s")
        time.sleep(wait_s)


@dataclass(frozen=True)
class Run:
    """A run of a sync, as Census tells it.

    Parameters
    ----------
    run_id, status, canceled, error_code, full_sync, step
        As Census names them.
    num_source, num_processed, num_updated, num_failed, num_invalid
        Records in the source, sent, taken by the destination, rejected by it, and left out by
        Census, e.g. for a null or repeated key. None: Census has not said.
    created_tstamp, completed_tstamp
        UTC, without zone.
    """

    run_id: int
    status: str
    canceled: bool = False
    error_code: str = ""
    full_sync: bool | None = None
    step: str = ""
    num_source: int | None = None
    num_processed: int | None = None
    num_updated: int | None = None
    num_failed: int | None = None
    num_invalid: int | None = None
    created_tstamp: datetime | None = None
    completed_tstamp: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing of it will change any more."""
        if self.status in _GOES_ON:
            return False
        return self.status in _OVER or self.completed_tstamp is not None

    @property
    def failed_share(self) -> float | None:
        """Share of the records that were rejected or left out; None if Census gave no counts.

        Census's pages disagree on whether `records_processed` holds those left out. All records
        end in one of three ways, so their sum is what the share is of.
        """
        if self.num_updated is None or self.num_failed is None:
            return None
        bad = self.num_failed + (self.num_invalid or 0)
        return bad / (self.num_updated + bad) if bad else 0.0

    @classmethod
    def of(cls, run_id: int, told: Any) -> Run:  # noqa: ANN401 - JSON
        """Read what the API answers of a run.

        Raises
        ------
        InDoubtError
            It is no run.
        """
        if not isinstance(told, dict) or not isinstance(told.get("status"), str):
            msg = "Census's answer is no run of a sync"
            raise InDoubtError(msg)
        invalid = _number(told, "records_invalid")
        full = told.get("full_sync")
        return cls(
            run_id=run_id,
            status=_word(told["status"]),
            canceled=told.get("canceled") is True,
            error_code=_word(told.get("error_code")),
            full_sync=full if isinstance(full, bool) else None,
            step=_word(told.get("current_step")),
            num_source=_number(told, "source_record_count"),
            num_processed=_number(told, "records_processed"),
            num_updated=_number(told, "records_updated"),
            num_failed=_number(told, "records_failed"),
            num_invalid=_number(told, "source_record_invalids") if invalid is None else invalid,
            created_tstamp=_moment(told.get("created_at")),
            completed_tstamp=_moment(told.get("completed_at")),
        )


class Token(httpx.Auth):
    """The token, which no text shows.

    Parameters
    ----------
    value
        Sent as `Authorization: Bearer`.
    """

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Token(***)"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put it into a request."""
        request.headers["Authorization"] = f"Bearer {self._value}"
        yield request

    def hidden(self, text: str) -> str:
        """Take it out of a text."""
        return text.replace(self._value, "***")


class Census:
    """A client of the API. No message of it and no error holds the token.

    Parameters
    ----------
    url
        Scheme and host.
    token
        Of `checked_token`.
    version
        `v2` or `v1`.
    patience
        For whatever can be asked again.
    request_timeout_s
        For the answer to one request.
    """

    def __init__(
        self, url: str, token: Token, version: str, patience: Patience, request_timeout_s: float
    ) -> None:
        self.patience = patience
        self._token = token
        self._http = httpx.Client(
            base_url=f"{url}/api/{version}/",
            auth=token,
            headers={"Accept": "application/json"},
            timeout=request_timeout_s,
        )

    def __enter__(self) -> Census:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def __repr__(self) -> str:
        return f"Census({str(self._http.base_url)!r})"

    def run_ids(self, sync_id: int) -> list[int]:
        """Ids of a sync's last runs, newest first.

        Raises
        ------
        CensusError
            There is no such sync, or no answer.
        """
        params = {"per_page": _RUNS, "order": "desc"}
        return self._read(f"syncs/{sync_id}/sync_runs", _run_ids, params)

    def run(self, run_id: int) -> Run:
        """Read a run.

        Raises
        ------
        CensusError
            There is no such run, or no answer.
        """
        return self._read(f"sync_runs/{run_id}", partial(Run.of, run_id))

    def trigger(self, sync_id: int, *, full: bool) -> int:
        """Ask for a run, once.

        Returns
        -------
        int
            Its id.

        Raises
        ------
        RefusedError
            Nothing was triggered.
        NotDoneError
            Nothing was triggered; it may be asked again.
        InDoubtError
            Something may have been triggered.
        """
        params = {"force_full_sync": "true"} if full else None
        told = self._send("POST", f"syncs/{sync_id}/trigger", params)
        try:
            return _run_id(told.get("sync_run_id") if isinstance(told, dict) else None)
        except InDoubtError as error:
            raise InDoubtError(str(error), accepted=True) from None

    def _read(
        self, path: str, parsed: Callable[[Any], T], params: Mapping[str, Any] | None = None
    ) -> T:
        for tries in itertools.count(1):
            try:
                return parsed(self._send("GET", path, params))
            except NotDoneError as error:
                if tries > self.patience.retries:
                    raise
                self.patience.pause(tries, error)
        raise AssertionError

    def _send(self, method: str, path: str, params: Mapping[str, Any] | None) -> Any:  # noqa: ANN401
        host = self._http.base_url.host
        try:
            answer = self._http.request(method, path, params=params)
        # Their requests hold the token; what is raised instead does not.
        except _NOT_SENT as error:
            raise NotDoneError(f"{host} cannot be reached ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise InDoubtError(f"the connection was lost ({type(error).__name__})") from None
        if answer.is_success:
            return self._data(answer)
        status = answer.status_code
        wait_s = _wait_s(answer)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            asked = "" if wait_s is None else f" and asks to wait {wait_s:g} s"
            raise NotDoneError(f"Census has too many requests (429){asked}", wait_s)
        if status >= 500 or status == httpx.codes.REQUEST_TIMEOUT:
            raise InDoubtError(f"Census failed ({status})", wait_s)
        raise RefusedError(self._refusal(answer), status)

    def _data(self, answer: httpx.Response) -> Any:  # noqa: ANN401
        try:
            told = answer.json()
        except ValueError:
            told = None
        if isinstance(told, dict) and told.get("status") == "success" and "data" in told:
            return told["data"]
        if isinstance(told, dict) and told.get("status") == "error":
            raise RefusedError(f"Census refused{self._words(answer)}", answer.status_code)
        msg = f"Census answered {answer.status_code}, but not as its documentation says"
        raise InDoubtError(msg, accepted=True)

    def _refusal(self, answer: httpx.Response) -> str:
        words = self._words(answer)
        if answer.is_redirect:
            return f"{answer.url.host} answered {answer.status_code}, a redirect: check --api-url"
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            return (
                f"Census refuses the token (401{words}). CENSUS_API_TOKEN has to be a personal "
                "access token of Activations (API v1: the workspace's API key); accounts in the "
                "EU need --api-url https://app-eu.getcensus.com"
            )
        if answer.status_code == httpx.codes.NOT_FOUND:
            return (
                "Census does not know it (404). Check the id (it is in the address of the sync's "
                "page), whether the token may see it, and --api-url"
            )
        return f"Census refused ({answer.status_code}{words})"

    def _words(self, answer: httpx.Response) -> str:
        """Read the message of an answer, as one short line without the token."""
        try:
            told = answer.json()
        except ValueError:
            return ""
        said = told.get("message") if isinstance(told, dict) else None
        words = self._token.hidden(_word(said))
        return f": {words}" if words else ""


def checked_url(url: str) -> str:
    """Check where the token is sent.

    Returns
    -------
    str
        Scheme and host.

    Raises
    ------
    ValueError
        It is not https (loopback may be http), has a path, or holds a user or password. The
        message does not repeat the latter.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        msg = "no token may be in it; set CENSUS_API_TOKEN instead"
        raise ValueError(msg)
    loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not parts.hostname or not (parts.scheme == "https" or (loopback and parts.scheme == "http")):
        msg = f"{url!r} does not begin with https://"
        raise ValueError(msg)
    _ = parts.port  # raises, as it is wrong
    if parts.path.strip("/") or parts.query or parts.fragment:
        msg = f"{url!r} has more than a host; say e.g. {API_URL}, and choose --api-version"
        raise ValueError(msg)
    return f"{parts.scheme}://{parts.netloc}"


def checked_token(variable: str) -> Token:
    """Read the token from the environment; one that cannot be sent would be shown by an error.

    Parameters
    ----------
    variable
        Its name.

    Raises
    ------
    ValueError
        It is empty or has characters that a token cannot have. The message does not show it.
    """
    if not os.environ.get(variable, "").strip():
        msg = f"{variable} is not set: put a personal access token of Activations into it"
        raise ValueError(msg)
    if not re.fullmatch(r"[!-~]+", os.environ[variable].strip()):
        msg = f"{variable} has blanks or other characters that no token has"
        raise ValueError(msg)
    return Token(os.environ[variable].strip())


def _wait_s(answer: httpx.Response) -> float | None:
    """Seconds of Retry-After, which is a number or a date."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _run_ids(told: Any) -> list[int]:  # noqa: ANN401 - JSON
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        msg = "Census's answer is no list of runs"
        raise InDoubtError(msg)
    return [_run_id(one.get("id")) for one in told]


def _run_id(told: Any) -> int:  # noqa: ANN401 - JSON
    if isinstance(told, str) and told.isdecimal():
        told = int(told)
    if not isinstance(told, int) or isinstance(told, bool) or not 0 < told < 2**63:
        msg = "Census's answer has no id of a run"
        raise InDoubtError(msg)
    return told


def _number(told: Mapping[str, Any], name: str) -> int | None:
    value = told.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        msg = f"Census's answer has no number in {name}"
        raise InDoubtError(msg)
    return value


def _moment(told: Any) -> datetime | None:  # noqa: ANN401 - JSON
    try:
        moment = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _word(told: Any) -> str:  # noqa: ANN401 - JSON
    """Put a text into one line that is not too long."""
    if not isinstance(told, str):
        return ""
    text = " ".join("".join(c if c.isprintable() else " " for c in told).split())
    return text if len(text) <= 200 else text[:199] + "…"
