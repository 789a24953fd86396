"""Serve the stand-in on the loopback interface until it is told to stop."""

from __future__ import annotations

import shutil
import socket
from contextlib import suppress

import uvicorn
from fakesnow.transforms import stage

from tests.emulators import serving
from tests.emulators.snowflake import results
from tests.emulators.snowflake.gateway import Gateway
from tests.emulators.snowflake.polling import Polling


def main() -> None:
    """Read the port and serve."""
    parser = serving.options("snowflake", __doc__, port=8098)
    parser.add_argument("--log-level", default="warning")
    parser.add_argument("--answer-within", type=float, default=40, metavar="SECONDS")
    given = parser.parse_args()
    serving.end_when_told(given)
    results.keep_null_timestamps()
    try:
        with (
            socket.create_server(("127.0.0.1", given.port)) as listener,
            suppress(KeyboardInterrupt),
        ):
            port = listener.getsockname()[1]
            application = Polling(Gateway(port), given.answer_within)
            serving.announce("A Snowflake account, in memory,", port)
            # It waits for statements that run, and is killed should they take longer than this.
            config = uvicorn.Config(
                application, log_level=given.log_level, timeout_graceful_shutdown=5
            )
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        # fakesnow's stages.
        shutil.rmtree(stage.LOCAL_BUCKET_PATH, ignore_errors=True)


if __name__ == "__main__":
    main()
