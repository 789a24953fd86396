"""What `make` does in a checkout does not depend on what it did there before."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.project import ROOT, copy_of_root, own_environment

EVENTS = """event_id,event_name,domain_userid,domain_sessionid,derived_tstamp,page_urlpath
1,page_view,ada,s1,2026-01-01 10:00:00,/
2,submit_form,ada,s1,2026-01-01 10:01:00,/demo
3,page_view,bob,s2,2026-01-02 10:00:00,/
4,page_view,bob,s2,soon,/
"""
WEB = {
    "page_views": "page_view_id,domain_userid,domain_sessionid,start_tstamp\n"
    "p1,ada,s1,2026-01-01 10:00:00\n",
    "sessions": "domain_sessionid,domain_userid,start_tstamp,end_tstamp\n"
    "s1,ada,2026-01-01 10:00:00,2026-01-01 10:01:00\n",
    "users": "domain_userid,start_tstamp\nada,2026-01-01 10:00:00\n",
}


def test_lint_and_tests_after_a_demo_are_as_in_a_fresh_clone(tmp_path: Path) -> None:
    checkout = copy_of_root(tmp_path / "checkout", whole=True)
    # What is installed here serves there too; make would install it again, from the network.
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "web").mkdir()
    for name, rows in WEB.items():
        (tmp_path / "web" / f"{name}.csv").write_text(rows)
    environment = {k: v for k, v in own_environment().items() if not k.startswith("CDP_")}

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said

    make = ("make", "-o", ".venv/.demo", "-o", ".venv/.dev")
    demo = run(*make, "demo", f"EVENTS={tmp_path}/events.csv", f"WEB={tmp_path}/web")
    assert "Web tables\n  page views                                     1\n" in demo
    # What could not be read is among the last lines, though dbt itself is quiet.
    assert "What could not be read\n" in demo
    assert "  events, derived_tstamp: unread 1. " in demo
    assert (checkout / "data" / "web" / "sessions.csv").exists()

    run(*make, "lint-sql", "SQL=models/web/web_users.sql")
    # This model's SQL is another one where modelled tables are there.
    tested = "tests/pipeline/test_nothing_counts.py"
    said = run(".venv/bin/python", "-m", "pytest", "-q", "-n", "0", tested, "-k", "bots")
    assert "1 passed" in said
