"""What Signals and Snowplow's Console may answer, over real HTTP, and what is made of it."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ml.signals.client import Client, Connection, ExistsError, NotThereError, connection
from ml.signals.definitions import SignalsError

SECRET = "this-is-secret"
Answer = Callable[[str, str], tuple[int, bytes]]


@contextmanager
def answering(answer: Answer) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """A server; gives its address, and the (method, path, bearer or key) that it was asked."""
    asked: list[tuple[str, str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            who = self.headers.get("Authorization") or self.headers.get("X-API-Key") or ""
            asked.append((self.command, self.path, who))
            code, body = answer(self.command, self.path)
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def token(expires_in: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + expires_in}).encode())
    return f"head.{claims.decode().rstrip('=')}.signature"


@pytest.mark.parametrize(
    ("code", "body", "error", "message"),
    [
        (401, b"{}", SignalsError, r"refuses the credentials \(401 to POST registry/services/\)"),
        (403, b"{}", SignalsError, "refuses the credentials"),
        (404, b'{"detail": "none"}', NotThereError, "nothing at registry/services/: none"),
        (400, b'{"detail": "There is one."}', ExistsError, "There is one."),
        (422, b'{"detail": [{"loc": ["body", "name"], "msg": "too long"}]}', SignalsError,
         r"refuses POST registry/services/ \(422\): body.name: too long"),
        (429, b"slow down", SignalsError, "answers 429 .*; try again later"),
        (503, b"", SignalsError, "answers 503 .*; try again later"),
        (200, b"<html>", SignalsError, "is no JSON; is this the address of Signals' API"),
    ],
)  # fmt: skip
def test_refusals_are_told(code: int, body: bytes, error: type[Exception], message: str) -> None:
    with (
        answering(lambda *_: (code, body)) as (url, _),
        Client(Connection(url, token=SECRET)) as client,
        pytest.raises(error, match=message) as raised,
    ):
        client.request("POST", "registry/services/", {})
    assert SECRET not in str(raised.value)


def test_a_post_that_is_refused_for_another_reason_is_told_as_that() -> None:
    def answer(method: str, _: str) -> tuple[int, bytes]:
        return (400, b'{"detail": "The owner is unknown."}') if method == "POST" else (404, b"{}")

    with (
        answering(answer) as (url, _),
        Client(Connection(url, token=SECRET)) as client,
        pytest.raises(SignalsError, match=r"The owner is unknown\."),
    ):
        client.create_or_update("services", {"name": "live"})


def test_nobody_there_and_silence_are_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with (
            Client(Connection(f"http://127.0.0.1:{port}", token=SECRET)) as client,
            pytest.raises(
                SignalsError, match=f"Signals at http://127.0.0.1:{port} cannot be reach"
            ),
        ):
            client.find("services/live")
        taken.listen()  # and never answers
        with (
            Client(Connection(f"http://127.0.0.1:{port}", token=SECRET), timeout_s=0.2) as client,
            pytest.raises(SignalsError, match=r"does not answer within 0\.2 seconds"),
        ):
            client.find("services/live")


def test_a_token_is_fetched_once_and_again_before_it_expires() -> None:
    given = iter([token(3600), token(30), "no.jwt"])
    tokens: list[str] = []

    def answer(_: str, path: str) -> tuple[int, bytes]:
        if "/credentials/" not in path:
            return 200, b"{}"
        tokens.append(next(given))
        return 200, json.dumps({"accessToken": tokens[-1]}).encode()

    with answering(answer) as (url, asked):
        to = Connection(url, api_key=SECRET, api_key_id="id", org_id="org", console_url=url)
        with Client(to) as client:
            for _ in range(3):
                client.find("services/live")
        # One that expires within the minute is used once, and then another is fetched.
        with Client(to) as client:
            for _ in range(3):
                client.find("services/live")
    paths = [path for _, path, _ in asked]
    fetched = "/api/msc/v1/organizations/org/credentials/v3/token"
    read = "/api/v1/registry/services/live"
    assert paths == [fetched, read, read, read, fetched, read, fetched, read, read]
    assert asked[0] == ("GET", fetched, SECRET)
    assert asked[1] == ("GET", read, f"Bearer {tokens[0]}")


@pytest.mark.parametrize(
    ("code", "body", "message"),
    [
        (401, b"{}", "gives no token (401): check SP_API_KEY, SP_API_KEY_ID and SP_ORG_ID"),
        (500, b"", "Snowplow's Console answers 500; try again later"),
        (200, b"{}", "answers no accessToken; check SP_CONSOLE_URL"),
    ],
)
def test_a_console_that_gives_no_token_is_told(code: int, body: bytes, message: str) -> None:
    with answering(lambda *_: (code, body)) as (url, _):
        to = Connection(url, api_key=SECRET, api_key_id="id", org_id="org", console_url=url)
        with Client(to) as client, pytest.raises(SignalsError, match=re.escape(message)) as raised:
            client.find("services/live")
    assert SECRET not in f"{raised.value}{to!r}"


ACCOUNT = {"SP_API_URL": "https://a.example.com/", "SP_API_KEY": SECRET,
           "SP_API_KEY_ID": "id", "SP_ORG_ID": "org"}  # fmt: skip


def test_connections_come_from_the_environment() -> None:
    found = connection(ACCOUNT)
    assert (found.url, found.token, found.org_id) == ("https://a.example.com", None, "org")
    assert found.console_url == "https://console.snowplowanalytics.com"
    other = connection({**ACCOUNT, "SP_CONSOLE_URL": "http://127.0.0.1:1/"})
    assert other.console_url == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "SP_API_URL, SP_API_KEY, SP_API_KEY_ID, SP_ORG_ID not set"),
        ({**ACCOUNT, "SP_API_KEY": " "}, "SP_API_KEY not set"),
        ({"SP_SANDBOX_URL": "http://127.0.0.1"}, "SP_SANDBOX_TOKEN not set"),
        ({**ACCOUNT, "SP_SANDBOX_TOKEN": SECRET}, "both a sandbox .* and an account"),
        ({**ACCOUNT, "SP_API_URL": "a.example.com"}, "SP_API_URL has to begin with https://"),
    ],
)
def test_a_connection_that_is_not_whole_is_told(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SignalsError, match=message) as raised:
        connection(environment)
    assert SECRET not in str(raised.value)
