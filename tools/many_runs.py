"""Run dbt once for each {arguments, environment} on standard input; print the errors of each.

A process of its own, for `dbt` as a command would start anew, and parse the project, each time.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, cast

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

if __name__ == "__main__":
    given = json.load(sys.stdin)
    said: list[str] = []

    def listen(event: EventMsg) -> None:
        """Keep what dbt reports as an error."""
        info: Any = event.info
        if info.level == "error":
            said.append(info.msg)

    manifest = None
    if given["parse_once"]:
        manifest = cast(Manifest, dbtRunner().invoke(["parse", *given["options"]]).result)
    errors = []
    for run in given["runs"]:
        said.clear()
        os.environ.update(run["environment"])
        runner = dbtRunner(manifest=manifest, callbacks=[listen])
        done = runner.invoke([*run["arguments"], *given["options"]])
        errors.append("" if done.success else "\n".join([*said, str(done.exception or "")]))
    print("\n" + json.dumps(errors))
