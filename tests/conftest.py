"""Which tests run in the same process, when there are several."""

from __future__ import annotations

import re

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.scheduler.protocol import Scheduling


class ByStandIn(LoadScopeScheduling):
    """Files, as `--dist loadfile`, but with all tests of one stand-in's shared build together.

    xdist's own `loadgroup` does not see its marks under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        shared = re.search(
            r"test_(?P<files>databricks)_(?=build|clusters)|\[(?P<parameter>databricks|snowflake)\]$",
            nodeid,
        )
        return shared[1] or shared[2] if shared else nodeid.split("::", 1)[0]


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Serve `--dist loadscope`."""
    return ByStandIn(config, log) if config.getvalue("dist") == "loadscope" else None
