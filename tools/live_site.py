"""The web server of `make live`: the pages of live/dist, and a way to the API.

It listens on the loopback address only and answers only to names that lead there, so that no other
site can reach it through a browser.
"""

from __future__ import annotations

import http.client
import json
import mimetypes
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SITE = "larkspur.localhost"
DOCS = f"docs.{SITE}"
HOSTS = {f"www.{SITE}", DOCS, "127.0.0.1", "localhost"}
MAX_BODY = 4096
_TEXT = {".html", ".js", ".css", ".map"}


@dataclass(frozen=True)
class Settings:
    """What the pages are told; ports are those of the loopback address."""

    collector_port: int
    api_port: int
    offer_above: float
    refresh_s: float = 10
    heartbeat_s: int = 10
    min_visit_length_s: int = 5
    post_path: str = "/larkspur/events"


class Site(ThreadingHTTPServer):
    """Serve the built pages of a folder on a port of the loopback address."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int, settings: Settings) -> None:
        self.settings = settings
        self.files = {
            f"/{path.relative_to(folder).as_posix()}".removesuffix("index.html"): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves a page closes its connections; anything else is an error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def origins(self) -> list[str]:
        """The origins that its pages have."""
        return [f"http://{host}:{self.port}" for host in sorted(HOSTS)]


class Handler(BaseHTTPRequestHandler):
    server: Site  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        host, path = self._host(), self.path.partition("?")[0]
        if host not in HOSTS:
            return self._say(403, "This server answers to the names of the demo site only.")
        if host == DOCS and not path.startswith("/assets/"):
            path = f"/docs{path}"
        body = self.server.files.get(path)
        if body is None and f"{path}/" in self.server.files:
            self.send_response(301)
            self.send_header("Location", f"{self.path.partition('?')[0]}/")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if body is None:
            return self._say(404, "There is no such page.")
        name = f"{path}index.html" if path.endswith("/") else path
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if name.endswith(".html"):
            body = self._filled(body, host)
        return self._answer(
            200, body, f"{kind}; charset=utf-8" if name.endswith(tuple(_TEXT)) else kind
        )

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        # Another site's page cannot send this type without asking first, which is answered by 501.
        is_json = self.headers.get_content_type() == "application/json"
        if self._host() not in HOSTS or self.path != "/predict" or not is_json:
            self.close_connection = True
            return self._say(404, "POST /predict with JSON.")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            return self._say(413, f"At most {MAX_BODY} bytes, with their Content-Length.")
        answer = predict(self.server.settings.api_port, self.rfile.read(int(length)))
        return self._answer(200, json.dumps(answer).encode(), "application/json")

    def _host(self) -> str:
        return self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")

    def _filled(self, page: bytes, host: str) -> bytes:
        settings, port = self.server.settings, self.server.port
        named = host.endswith(SITE)
        www = f"http://www.{SITE}:{port}" if named else f"http://{host}:{port}"
        # As on a real site, the collector is of the same site, so that its cookie is kept.
        collector = f"collector.{SITE}" if named else host
        config = {
            "site": SITE,
            "www": www,
            "collector": f"http://{collector}:{settings.collector_port}",
            "post_path": settings.post_path,
            "offer_above": settings.offer_above,
            "refresh_s": settings.refresh_s,
            "heartbeat_s": settings.heartbeat_s,
            "min_visit_length_s": settings.min_visit_length_s,
        }
        filled = {
            "{{www}}": www,
            "{{docs}}": f"http://{DOCS}:{port}" if named else f"{www}/docs",
            "{{config}}": json.dumps(config),
        }
        for name, value in filled.items():
            page = page.replace(name.encode(), value.encode())
        return page

    def _say(self, status: int, words: str) -> None:
        self._answer(status, f"{words}\n".encode(), "text/plain; charset=utf-8")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        settings = self.server.settings
        # The browser itself holds the page to this: it connects to loopback and nowhere else.
        ports = (settings.collector_port, settings.api_port)
        hosts = (f"collector.{SITE}", "127.0.0.1", "localhost")
        connect = " ".join(f"http://{host}:{port}" for port in ports for host in hosts)
        policy = f"default-src 'self'; img-src 'self' data:; connect-src 'self' {connect}"
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: a log of pages is a log of visitors."""


def predict(port: int, body: bytes, timeout: float = 5) -> dict[str, Any]:
    """Ask the API for a score, and say in words what came of it.

    Returns
    -------
    dict
        `state`, and `prediction`, `detail` or `retry_after_s` where they belong to it; see
        live/src/predict.js.
    """
    try:
        status, headers, answer = _post(port, body, timeout)
        if status == 200:
            return {"state": "scored", "prediction": answer}
        told: dict[str, Any] = {"detail": answer["error"]["message"]}
        wait = headers.get("Retry-After", "")
        if wait.isdigit():
            told |= {"retry_after_s": int(wait)}
        if status == 503:
            return {"state": "unavailable" if _is_ready(port, timeout) else "not_ready", **told}
        return {"state": "refused", **told, "detail": f"{status} {told['detail']}"}
    except TimeoutError:
        return {"state": "down", "detail": f"no answer within {timeout:g} s."}
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return {"state": "down"}


def _post(
    port: int, body: bytes, timeout: float
) -> tuple[int, http.client.HTTPMessage, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read())
    finally:
        connection.close()


def _is_ready(port: int, timeout: float) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    finally:
        connection.close()
