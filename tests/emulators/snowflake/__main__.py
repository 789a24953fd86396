"""Serve the stand-in on the loopback interface until it is told to stop."""

from __future__ import annotations

import argparse

import uvicorn

from tests.emulators.snowflake import results
from tests.emulators.snowflake.gateway import Gateway
from tests.emulators.snowflake.polling import Polling


def main() -> None:
    """Read the port and serve."""
    parser = argparse.ArgumentParser(prog="tests.emulators.snowflake", description=__doc__)
    parser.add_argument("--port", type=int, default=8098)
    parser.add_argument("--log-level", default="warning")
    parser.add_argument("--answer-within", type=float, default=40, metavar="SECONDS")
    given = parser.parse_args()
    results.keep_null_timestamps()
    print(f"A Snowflake account, in memory, at http://127.0.0.1:{given.port}", flush=True)
    application = Polling(Gateway(given.port), given.answer_within)
    uvicorn.run(application, host="127.0.0.1", port=given.port, log_level=given.log_level)


if __name__ == "__main__":
    main()
