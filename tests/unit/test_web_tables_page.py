"""dbt_project/docs/web_tables.md says of every web column what its YAML says."""

from __future__ import annotations

import re

from tools import web_tables_page


def test_the_page_is_that_of_the_yaml() -> None:
    text = web_tables_page.PAGE.read_text()
    assert web_tables_page.page(text) == text, "run python -m tools.web_tables_page"


def test_every_column_is_documented_by_a_page_or_is_ours() -> None:
    references = set(re.findall(r"(?m)^\[(\w+)\]: https://", web_tables_page.tables()))
    for table in web_tables_page.TABLES:
        model = web_tables_page.model(f"models/web/stg_snowplow__{table}.yml")["models"][0]
        for column in model["columns"]:
            named = re.findall(r"doc\('web_reference_(\w+)'\)", column["description"])
            own = web_tables_page.OWN in " ".join(column["description"].split())
            assert bool(named) != own, (table, column["name"])
            assert set(named) <= references, (table, column["name"])


def test_every_computed_column_has_a_unit_test() -> None:
    """Those that are not the value of one event alone."""
    computed = {
        "page_views": {
            "page_view_in_session_index", "page_views_in_session", "start_tstamp", "end_tstamp",
            "engaged_time_in_s", "absolute_time_in_s", "horizontal_pixels_scrolled",
            "vertical_pixels_scrolled", "horizontal_percentage_scrolled",
            "vertical_percentage_scrolled", "device_category", "screen_resolution",
        },
        "sessions": {
            "start_tstamp", "end_tstamp", "page_views", "engaged_time_in_s", "total_events",
            "is_engaged", "absolute_time_in_s", "first_page_title", "last_page_title", "referrer",
            "mkt_source_platform", "stitched_user_id",
        },
        "users": {
            "start_tstamp", "end_tstamp", "page_views", "sessions", "engaged_time_in_s",
            "absolute_time_in_s", "first_page_title", "last_page_title",
        },
        "user_mapping": {"user_id", "end_tstamp"},
    }  # fmt: skip
    for table, columns in computed.items():
        assert columns <= web_tables_page.unit_tests(table).keys()
