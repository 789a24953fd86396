"""A server that notes what is asked of it, and answers as Signals' registry does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Recorder:
    """What was asked: (method, path, JSON body), in order."""

    url: str = ""
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    # Whether every object exists already: POST is then answered by 400.
    everything_exists: bool = False


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder that listens on a free port of the loopback."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            recorder.requests.append((self.command, self.path, body))
            recorder.tokens.append(self.headers.get("Authorization", ""))
            exists = recorder.everything_exists and self.command == "POST"
            if exists and "/registry/" in self.path:
                self._send(400, {"detail": "There is one of this name."})
            elif self.command == "DELETE":
                self._send(200, {"ok": True})
            else:
                self._send(200, body if "/registry/" in self.path else {"domain_userid": ["v"]})

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - names of the standard library

        def _send(self, code: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        recorder.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield recorder
        finally:
            server.shutdown()
            thread.join()
