"""One HTTP server: Thrift, REST, and the files that clients move."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlparse

from tests.emulators.databricks import spark
from tests.emulators.databricks.rest import RefusedError, Rest
from tests.emulators.databricks.statements import Statements
from tests.emulators.databricks.thrift import Service
from tests.emulators.databricks.volumes import Volumes
from tests.emulators.running import free_port

# What the SDK asks of a host before anything else.
DISCOVERY = "/.well-known/databricks-config"
# Not Databricks': what was run, for tests to look at.
HISTORY = "/emulator/history"


class Workspace:
    """A workspace and its Spark.

    Parameters
    ----------
    folder : Path
        Where tables and files are put.
    port : int
        Where it is served.
    catalog : str
        What its one catalog is called.
    memory : str
        Of Spark, e.g. `3g`.
    """

    def __init__(self, folder: Path, port: int, catalog: str, memory: str) -> None:
        self.port = port
        connect_port = free_port()
        self.spark = spark.start(folder / "spark", connect_port, memory)
        self.volumes = Volumes(folder / "files", port)
        self.statements = Statements(catalog, self.volumes)
        self.service = Service(self.spark, self.statements)
        self.rest = Rest(self.volumes.folder, connect_port, catalog)


class Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    workspace: Workspace

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""

    def do_POST(self) -> None:
        """Serve Thrift or REST."""
        body = self._body()
        if urlparse(self.path).path.startswith("/thrift"):
            self._answer(200, "application/x-thrift", self.workspace.service.process(body))
        else:
            self._rest(json.loads(body or b"{}"))

    def do_GET(self) -> None:
        """Serve REST, a file, or the history."""
        url = urlparse(self.path)
        if url.path == HISTORY:
            said = {
                "sql": self.workspace.statements.history,
                "submitted": self.workspace.rest.submitted,
            }
            self._answer(200, "application/json", json.dumps(said).encode())
        elif url.path == DISCOVERY:
            self._answer(200, "application/json", b'{"workspace_id": "1"}')
        elif file := self._file():
            found = file.is_file()
            content = file.read_bytes() if found else b"no such file"
            self._answer(200 if found else 404, "application/octet-stream", content)
        else:
            self._rest(dict(parse_qsl(url.query)))

    def do_PUT(self) -> None:
        """Take a file, or serve REST."""
        body = self._body()
        if file := self._file():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
            self._answer(200, "text/plain", b"")
        else:
            self._rest(json.loads(body or b"{}"))

    def do_DELETE(self) -> None:
        """Remove a file."""
        file = self._file()
        found = file is not None and file.is_file()
        if file is not None and found:
            file.unlink()
        self._answer(200 if found else 404, "text/plain", b"" if found else b"no such file")

    def do_PATCH(self) -> None:
        """Serve REST."""
        self._rest(json.loads(self._body() or b"{}"))

    def _rest(self, asked: dict[str, object]) -> None:
        try:
            status, answer = 200, self.workspace.rest.answer(urlparse(self.path).path, asked)
        except RefusedError as error:
            status, answer = error.status, {"error_code": error.code, "message": str(error)}
        self._answer(status, "application/json", json.dumps(answer).encode())

    def _file(self) -> Path | None:
        path = unquote(urlparse(self.path).path)
        if not path.startswith("/staging/"):
            return None
        return self.workspace.volumes.locate(path.removeprefix("/staging"))

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(workspace: Workspace) -> None:
    """Serve until the process is told to stop."""
    handler = type("WorkspaceHandler", (Handler,), {"workspace": workspace})
    server = ThreadingHTTPServer(("127.0.0.1", workspace.port), handler)
    server.daemon_threads = True
    server.serve_forever()
