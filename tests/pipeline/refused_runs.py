"""Run the web tables once for each {environment, vars} on standard input; print the errors.

A process of its own, for `dbt` as a command would start anew for every one.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import yaml
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg

if __name__ == "__main__":
    said: list[str] = []

    def listen(event: EventMsg) -> None:
        """Keep what dbt reports as an error."""
        info: Any = event.info
        if info.level == "error":
            said.append(info.msg)

    errors = []
    for run in json.load(sys.stdin):
        said.clear()
        os.environ.update(run["environment"])
        call = ["run", "--select", "stg_snowplow__sessions", "--vars", yaml.safe_dump(run["vars"])]
        done = dbtRunner(callbacks=[listen]).invoke([*call, *sys.argv[1:]])
        errors.append("" if done.success else "\n".join(said))
    print("\n" + json.dumps(errors))
