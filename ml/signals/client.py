"""Requests to Signals' API, over one connection that is kept."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from ml.signals.errors import SignalsError

CONSOLE_URL = "https://console.snowplowanalytics.com"
TIMEOUT_S = 30.0
# A token is renewed this long before it expires.
_MARGIN_S = 60


class NotThereError(SignalsError):
    """Signals has no such object."""


class ExistsError(SignalsError):
    """Signals has refused to create an object, most often because there is one."""


@dataclass(frozen=True)
class Connection:
    """Where Signals is, and who asks.

    Parameters
    ----------
    url
        Of its API.
    token
        Of a sandbox; None: a token is fetched with the key.
    api_key, api_key_id, org_id
        Of Snowplow's Console.
    console_url
        Where tokens are fetched.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    api_key: str = field(default="", repr=False)
    api_key_id: str = field(default="", repr=False)
    org_id: str = ""
    console_url: str = CONSOLE_URL


def connection(environment: Mapping[str, str] | None = None) -> Connection:
    """Read the connection from environment variables.

    Parameters
    ----------
    environment
        By default the process's.

    Raises
    ------
    SignalsError
        Variables are missing, or those of both kinds are set.

    Examples
    --------
    >>> connection({"SP_SANDBOX_URL": "http://127.0.0.1:8100", "SP_SANDBOX_TOKEN": "any"}).url
    'http://127.0.0.1:8100'
    """
    given = {
        name: value.strip()
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith("SP_") and value.strip()
    }
    sandbox = ("SP_SANDBOX_URL", "SP_SANDBOX_TOKEN")
    account = ("SP_API_URL", "SP_API_KEY", "SP_API_KEY_ID", "SP_ORG_ID")
    wanted = sandbox if any(name in given for name in sandbox) else account
    if wanted is sandbox and any(name in given for name in account):
        msg = (
            "both a sandbox (SP_SANDBOX_...) and an account (SP_API_...) are named; set the "
            "variables of one of them only."
        )
        raise SignalsError(msg)
    missing = [name for name in wanted if name not in given]
    if missing:
        msg = (
            f"{', '.join(missing)} not set. An account needs {', '.join(account)}; a sandbox, or "
            f"the local stand-in, {' and '.join(sandbox)}."
        )
        raise SignalsError(msg)
    url = given[wanted[0]].rstrip("/")
    if not url.startswith(("https://", "http://")):
        msg = f"{wanted[0]} has to begin with https:// (or http://, for the local stand-in)."
        raise SignalsError(msg)
    if wanted is sandbox:
        return Connection(url, token=given["SP_SANDBOX_TOKEN"])
    return Connection(
        url,
        api_key=given["SP_API_KEY"],
        api_key_id=given["SP_API_KEY_ID"],
        org_id=given["SP_ORG_ID"],
        console_url=given.get("SP_CONSOLE_URL", CONSOLE_URL).rstrip("/"),
    )


class Client:
    """Sends requests; a context manager.

    Parameters
    ----------
    to
        Where to.
    timeout_s
        Of each request.
    """

    def __init__(self, to: Connection, timeout_s: float = TIMEOUT_S) -> None:
        self._to = to
        self._http = httpx.Client(timeout=timeout_s)
        self._token = to.token
        self._renew_at = float("inf")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Send a request below `/api/v1/` and return the answer's JSON.

        Raises
        ------
        NotThereError
            404.
        ExistsError
            400, to a POST.
        SignalsError
            Signals cannot be reached, refuses, or answers what is no JSON.
        """
        headers = {"Authorization": f"Bearer {self._bearer()}"}
        url = f"{self._to.url}/api/v1/{path}"
        answer = self._send(method, url, "Signals", headers=headers, json=body)
        if answer.is_success:
            return _json(answer, f"{method} {path}")
        raise _refusal(answer, method, path)

    def create_or_update(self, kind: str, about: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Create an object of the registry, or change it if it exists, in the SDK's order.

        Parameters
        ----------
        kind
            `attribute_groups` or `services`.
        about
            Its JSON.
        """
        try:
            return self.request("POST", f"registry/{kind}/", about)
        except ExistsError as refused:
            try:
                return self.request("PUT", f"registry/{kind}/{_place(kind, about)}", about)
            except NotThereError:
                raise refused from None  # it was refused for another reason

    def delete(self, kind: str, about: Mapping[str, Any]) -> None:
        """Remove an object of the registry, and the values it had."""
        self.request("DELETE", f"registry/{kind}/{_place(kind, about)}")

    def find(self, path: str) -> Any | None:  # noqa: ANN401
        """Return an object of the registry; None if there is none."""
        try:
            return self.request("GET", f"registry/{path}")
        except NotThereError:
            return None

    def _bearer(self) -> str:
        if self._token is None or time.time() >= self._renew_at:
            self._token = self._fetch_token()
            self._renew_at = _expiry(self._token) - _MARGIN_S
        return self._token

    def _fetch_token(self) -> str:
        to = self._to
        url = f"{to.console_url}/api/msc/v1/organizations/{to.org_id}/credentials/v3/token"
        headers = {"X-API-Key-Id": to.api_key_id, "X-API-Key": to.api_key}
        answer = self._send("GET", url, "Snowplow's Console", headers=headers)
        if answer.status_code in (401, 403, 404):
            msg = (
                f"Snowplow's Console gives no token ({answer.status_code}): check SP_API_KEY, "
                "SP_API_KEY_ID and SP_ORG_ID."
            )
            raise SignalsError(msg)
        if not answer.is_success:
            msg = f"Snowplow's Console answers {answer.status_code}; try again later."
            raise SignalsError(msg)
        token = _json(answer, "the token")
        if not isinstance(token, dict) or not isinstance(token.get("accessToken"), str):
            msg = "Snowplow's Console answers no accessToken; check SP_CONSOLE_URL."
            raise SignalsError(msg)
        return token["accessToken"]

    def _send(self, method: str, url: str, who: str, **what: Any) -> httpx.Response:  # noqa: ANN401
        at = httpx.URL(url)
        place = f"{at.scheme}://{at.netloc.decode()}"
        try:
            return self._http.request(method, url, **what)
        except httpx.TimeoutException as error:
            msg = f"{who} at {place} does not answer within {self._http.timeout.read:g} seconds."
            raise SignalsError(msg) from error
        except httpx.HTTPError as error:
            msg = f"{who} at {place} cannot be reached: {error}"
            raise SignalsError(msg) from error


def _place(kind: str, about: Mapping[str, Any]) -> str:
    versioned = f"/versions/{about['version']}" if kind == "attribute_groups" else ""
    return f"{about['name']}{versioned}"


def _json(answer: httpx.Response, what: str) -> Any:  # noqa: ANN401
    try:
        return answer.json()
    except ValueError as error:
        msg = f"the answer to {what} is no JSON; is this the address of Signals' API?"
        raise SignalsError(msg) from error


def _refusal(answer: httpx.Response, method: str, path: str) -> SignalsError:
    code = answer.status_code
    if code in (401, 403):
        return SignalsError(
            f"Signals refuses the credentials ({code} to {method} {path}): check SP_API_URL and "
            "the key's rights, or SP_SANDBOX_URL and SP_SANDBOX_TOKEN."
        )
    said = _detail(answer)
    if code == 404:
        return NotThereError(f"Signals has nothing at {path}: {said}")
    if code == 400 and method == "POST":
        return ExistsError(f"Signals does not create {path}: {said}")
    if code == 429 or code >= 500:
        return SignalsError(f"Signals answers {code} to {method} {path}; try again later. {said}")
    return SignalsError(f"Signals refuses {method} {path} ({code}): {said}")


def _detail(answer: httpx.Response) -> str:
    """Take the reason from an answer: a text, or the fields that were refused."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return answer.text[:500]
    if isinstance(detail, list):
        parts = [
            f"{'.'.join(map(str, one.get('loc', [])))}: {one.get('msg')}"
            for one in detail
            if isinstance(one, dict)
        ]
        return "; ".join(parts)[:1000]
    return str(detail)[:1000]


def _expiry(token: str) -> float:
    """When a JWT expires, in seconds since 1970; never if it does not say."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return float(claims["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return float("inf")
