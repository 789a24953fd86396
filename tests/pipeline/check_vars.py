"""Run `check_vars` once for each mapping of vars on standard input; print the errors.

A process of its own, in which dbt parses the project once: `dbt` as a command would parse
it again for every mapping.
"""

from __future__ import annotations

import json
import sys
from typing import Any, cast

import yaml
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

if __name__ == "__main__":
    options = sys.argv[1:]
    said: list[str] = []

    def listen(event: EventMsg) -> None:
        """Keep what dbt reports as an error."""
        info: Any = event.info
        if info.level == "error":
            said.append(info.msg)

    parsed = cast(Manifest, dbtRunner().invoke(["parse", *options]).result)
    runner = dbtRunner(manifest=parsed, callbacks=[listen])
    errors = []
    for variables in json.load(sys.stdin):
        said.clear()
        call = ["run-operation", "check_vars", "--vars", yaml.safe_dump(variables), *options]
        done = runner.invoke(call)
        errors.append("" if done.success else "\n".join(said))
    print("\n" + json.dumps(errors))
