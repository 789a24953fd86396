"""Serve the stand-in on the loopback interface until it is told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.emulators.databricks.server import Workspace, serve


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="tests.emulators.databricks", description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--catalog", default="main", help="what its one catalog is called")
    parser.add_argument("--memory", default="3g", help="of Spark")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="databricks_") as folder:
        workspace = Workspace(Path(folder), given.port, given.catalog, given.memory)
        print(
            f"A Databricks workspace, until it is stopped, at http://127.0.0.1:{given.port}",
            flush=True,
        )
        try:
            serve(workspace)
        finally:
            workspace.spark.stop()


if __name__ == "__main__":
    main()
