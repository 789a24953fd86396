"""One HTTP server: Thrift, REST, and the files that clients move."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlparse

from tests.emulators.databricks import spark
from tests.emulators.databricks.rest import RefusedError, Rest
from tests.emulators.databricks.statements import Statements
from tests.emulators.databricks.thrift import Service
from tests.emulators.databricks.volumes import Volumes
from tools.stand_ins import free_port

# What the SDK asks of a host before anything else.
DISCOVERY = "/.well-known/databricks-config"
# Where the files of Volumes are moved to and from.
STAGING = "/staging/"
# Not Databricks': what was run, for tests to look at.
HISTORY = "/emulator/history"


class Workspace:
    """A workspace and its Spark.

    Parameters
    ----------
    folder : Path
        Where tables and files are put.
    port : int
        Where it is served; 0 for any that is free.
    catalog : str
        What its one catalog is called.
    memory : str
        Of Spark, e.g. `3g`.
    """

    def __init__(self, folder: Path, port: int, catalog: str, memory: str) -> None:
        handler = type("WorkspaceHandler", (Handler,), {"workspace": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler, bind_and_activate=False)
        self._server.daemon_threads = True
        # Nobody else takes the port while Spark starts, and nobody is answered before it has.
        self._server.server_bind()
        self.port = self._server.server_port
        connect_port = free_port()
        self.spark = spark.start(folder / "spark", connect_port, memory)
        self.volumes = Volumes(folder / "files", self.port)
        self.statements = Statements(catalog, self.volumes)
        self.service = Service(self.spark, self.statements)
        self.rest = Rest(self.volumes.folder, connect_port, catalog)
        self._server.server_activate()

    def __enter__(self) -> Workspace:
        """Hand out the workspace, whose Spark ends with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.server_close()
        self.spark.stop()

    def serve(self) -> None:
        """Serve until the process is told to stop."""
        self._server.serve_forever()


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
            self._rest(body)

    def do_GET(self) -> None:
        """Serve REST, a file, or the history."""
        url = urlparse(self.path)
        if url.path == HISTORY:
            said = {
                "sql": list(self.workspace.statements.history),
                "submitted": list(self.workspace.rest.submitted),
                "commands": list(self.workspace.rest.commands),
            }
            self._answer(200, "application/json", json.dumps(said).encode())
        elif url.path == DISCOVERY:
            self._answer(200, "application/json", b'{"workspace_id": "1"}')
        elif url.path.startswith(STAGING):
            self._file(lambda file: file.read_bytes())
        else:
            self._rest(json.dumps(dict(parse_qsl(url.query))).encode())

    def do_PUT(self) -> None:
        """Take a file, or serve REST."""
        body = self._body()
        if not urlparse(self.path).path.startswith(STAGING):
            self._rest(body)
            return

        def put(file: Path) -> bytes:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
            return b""

        self._file(put)

    def do_DELETE(self) -> None:
        """Remove a file."""

        def remove(file: Path) -> bytes:
            file.unlink()
            return b""

        self._file(remove)

    def do_PATCH(self) -> None:
        """Serve REST."""
        self._rest(self._body())

    def _rest(self, body: bytes) -> None:
        path = urlparse(self.path).path
        try:
            status, answer = 200, self.workspace.rest.answer(path, json.loads(body or b"{}"))
        except RefusedError as error:
            status, answer = error.status, {"error_code": error.code, "message": str(error)}
        # Whatever it is, it is answered: clients repeat a request that is not.
        except Exception as error:
            text = f"stand-in: {path}: {type(error).__name__}: {error}"
            status, answer = 400, {"error_code": RefusedError.code, "message": text}
        self._answer(status, "application/json", json.dumps(answer).encode())

    def _file(self, move: Callable[[Path], bytes]) -> None:
        """Answer with what becomes of a file."""
        path = unquote(urlparse(self.path).path).removeprefix(STAGING.rstrip("/"))
        try:
            status, content = 200, move(self.workspace.volumes.locate(path))
        except OSError as error:
            status, content = 404, str(error).encode()
        self._answer(status, "application/octet-stream", content)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
