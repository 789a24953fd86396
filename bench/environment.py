"""The environment of a measurement: nothing of what whoever runs it has set or built."""

from __future__ import annotations

import os
from pathlib import Path


def environment(**settings: str | Path) -> dict[str, str]:
    """Return the environment for dbt on DuckDB, with settings added.

    Parameters
    ----------
    **settings
        Variables such as CDP_EVENTS. Without it, or CDP_WEB, no data are read.
    """
    own = {k: v for k, v in os.environ.items() if not k.startswith(("CDP_", "DBT_"))}
    own |= {"CDP_EVENTS": "none", "CDP_WEB": "none", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    return own | {name: str(value) for name, value in settings.items()}
