"""Serve the stand-in on the loopback interface until it is told to stop."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from tests.emulators import serving
from tests.emulators.databricks.server import Workspace


def main() -> None:
    """Read the options and serve."""
    parser = serving.options("databricks", __doc__, port=8099)
    parser.add_argument("--catalog", default="main", help="what its one catalog is called")
    parser.add_argument("--memory", default="3g", help="of Spark")
    given = parser.parse_args()
    serving.end_when_told(given)
    with (
        tempfile.TemporaryDirectory(prefix="databricks_") as folder,
        suppress(KeyboardInterrupt),
        Workspace(Path(folder), given.port, given.catalog, given.memory) as workspace,
    ):
        serving.announce("A Databricks workspace, until it is stopped,", workspace.port)
        workspace.serve()


if __name__ == "__main__":
    main()
