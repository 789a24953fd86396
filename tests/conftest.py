"""Which tests run in the same process, when there are several."""

from __future__ import annotations

import re

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.scheduler.protocol import Scheduling

STAND_INS = ("databricks", "snowflake")


def scope(nodeid: str) -> str:
    """Say what runs together: the tests of one stand-in's shared build, and each other file."""
    shared = re.search(
        r"/test_(databricks|snowflake)_(?:build|clusters)"
        r"|/test_engines_.*\[(databricks|snowflake)\]$",
        nodeid,
    )
    return shared[1] or shared[2] if shared else nodeid.split("::", 1)[0]


class ByStandIn(LoadScopeScheduling):
    """Files, as `--dist loadfile`, but with all tests of one stand-in's shared build together.

    xdist's own `loadgroup` does not see its marks under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Serve `--dist loadscope`."""
    return ByStandIn(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that the others fill the time beside it."""
    first = {name: place for place, name in enumerate(STAND_INS)}
    items.sort(key=lambda item: first.get(scope(item.nodeid), len(first)))
