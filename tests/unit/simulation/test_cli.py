"""`cdp simulate` as it is called, and its switches."""

from __future__ import annotations

import hashlib

import duckdb
import pyarrow as pa
import pytest
from click.testing import CliRunner

from ml.cli import main
from ml.simulation.defects import DEFECTS
from ml.simulation.generate import Simulation, simulate

SMALL = ("--events", "3000", "--days", "4")


def run(*args):
    return CliRunner().invoke(main, ["simulate", *map(str, args)])


def bytes_of(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def query(sql, **folders):
    """Rows of a query over the events of simulations, each a view by its keyword's name."""
    with duckdb.connect() as connection:
        for name, out in folders.items():
            connection.execute(f"create view {name} as from '{out}/events/*/*.parquet'")
        return connection.execute(sql).fetchall()


def test_same_seed_same_bytes_on_any_number_of_threads(tmp_path):
    threads = pa.cpu_count()
    assert run("--out", tmp_path / "a", *SMALL).exit_code == 0
    try:
        pa.set_cpu_count(1)
        assert run("--out", tmp_path / "b", *SMALL).exit_code == 0
    finally:
        pa.set_cpu_count(threads)
    assert len(bytes_of(tmp_path / "a")) == 12
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")


def test_another_seed_is_another_site(tmp_path):
    run("--out", tmp_path / "a", *SMALL)
    run("--out", tmp_path / "b", *SMALL, "--seed", "2")
    assert query(
        "select count(*) from a join b using (event_id)", a=tmp_path / "a", b=tmp_path / "b"
    ) == [(0,)]


def test_summary_and_no_progress_bar_when_not_on_a_terminal(tmp_path):
    result = run("--out", tmp_path, *SMALL)
    assert result.stdout == ""
    assert "2026-05-01 to 2026-05-04" in result.stderr
    assert "%|" not in result.stderr
    assert run("--out", tmp_path, *SMALL, "--quiet", "--force").output == ""


def test_a_folder_with_files_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    result = run("--out", tmp_path, *SMALL)
    assert result.exit_code == 1
    assert "is not empty" in result.stderr
    assert "--force" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_force_removes_only_what_simulate_wrote(tmp_path):
    run("--out", tmp_path, "--events", "3000", "--days", "6")
    (tmp_path / "mine.txt").write_text("keep")
    assert run("--out", tmp_path, *SMALL, "--force").exit_code == 0
    assert (tmp_path / "mine.txt").read_text() == "keep"
    assert len(list(tmp_path.glob("events/*"))) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense=0.1", "Unknown defect 'nonsense'; known are duplicates, late"),
        ("late=2", "Rate of late is 2; it must lie between 0 and 1"),
        ("late", "'late' is not NAME=RATE"),
    ],
)
def test_bad_switches_say_what_is_accepted(tmp_path, text, message):
    result = run("--out", tmp_path, *SMALL, "--with", text)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    out = tmp_path_factory.mktemp("clean")
    simulate(Simulation(out, events=6000, days=6))
    return out


def with_defect(tmp_path, **rates):
    simulate(Simulation(tmp_path, events=6000, days=6, defects=rates))
    return tmp_path


ADDED = {
    "duplicates": "collector_tstamp > derived_tstamp + interval 1 second",
    "bots": "contexts_com_iab_snowplow_spiders_and_robots_1[1].spider_or_robot"
    " and contexts_nl_basjes_yauaa_context_1[1].device_class = 'Robot'",
    "null_ids": "domain_userid is null and domain_sessionid is null and user_id is null",
    "test": "app_id = 'website-test' or page_urlhost = 'localhost'",
    "cross_device": "user_id is not null and event_name != 'submit_form'",
    "consent": "event_name = 'consent_preferences'",
}


# Enough to tell any change of a row, at a fraction of the time that all columns take.
COLUMNS = (
    "event_id, domain_userid, domain_sessionid, domain_sessionidx, user_id, app_id, event_name,"
    " page_url, page_referrer, derived_tstamp, collector_tstamp, br_type, load_date"
)


@pytest.mark.parametrize("name", ADDED)
def test_a_switch_adds_its_events_and_leaves_the_others(tmp_path, clean, name):
    out = with_defect(tmp_path, **{name: 0.3})
    assert bytes_of(out / "truth") == bytes_of(clean / "truth")
    gone = f"select {COLUMNS} from before except all select {COLUMNS} from after"
    assert query(gone, before=clean, after=out) == []
    ((all_events, before, added),) = query(
        "select (select count(*) from after), (select count(*) from before),"
        f" count_if({ADDED[name]}) from after where (event_id, collector_tstamp) not in"
        " (select (event_id, collector_tstamp) from before)",
        before=clean,
        after=out,
    )
    assert all_events - before == added > 20


def test_the_first_robot_makes_two_thirds(tmp_path):
    rows = query(
        "select count(*) as n from e where br_type = 'Robot' group by domain_userid"
        " order by n desc",
        e=with_defect(tmp_path, bots=1.0),
    )
    assert 0.6 < rows[0][0] / sum(n for (n,) in rows) < 0.73
    assert len(rows) == 21


def test_duplicates_repeat_an_event_later(tmp_path):
    ((repeated, later),) = query(
        "select count(*), count_if(arrivals = 2) from (select count(distinct collector_tstamp) as"
        " arrivals from e group by event_id having count(*) > 1)",
        e=with_defect(tmp_path, duplicates=0.1),
    )
    assert repeated == later > 400


def test_late_events_arrive_on_another_day_but_happened_when_they_did(tmp_path, clean):
    out = with_defect(tmp_path, late=0.2)
    ((count, held, late, other_day, moved),) = query(
        "select count(*), count_if(a.event_id is null),"
        " count_if(a.collector_tstamp > a.derived_tstamp + interval 2 minute),"
        " count_if(a.load_date > b.load_date),"
        " count_if(a.derived_tstamp != b.derived_tstamp)"
        " from before b left join after a using (event_id)",
        before=clean,
        after=out,
    )
    assert moved == 0
    assert held > 0
    assert 0.16 < (late + held) / count < 0.24
    assert other_day > 50
    assert bytes_of(out / "truth") == bytes_of(clean / "truth")


def test_skewed_clocks_run_far_ahead(tmp_path, clean):
    assert query(
        "select count_if(a.derived_tstamp != b.derived_tstamp)"
        " = count_if(a.derived_tstamp > a.collector_tstamp + interval 23 hour),"
        " count_if(a.collector_tstamp != b.collector_tstamp),"
        " count_if(a.derived_tstamp != b.derived_tstamp) between 200 and 400"
        " from before b join after a using (event_id)",
        before=clean,
        after=with_defect(tmp_path, skew=0.05),
    ) == [(True, 0, True)]


def test_help_states_every_switch():
    result = run("--help")
    for name in DEFECTS:
        assert f"{name}:" in result.output


def test_days_without_events_are_empty_files(tmp_path):
    rates = dict.fromkeys(DEFECTS, 0.1)
    summary = simulate(Simulation(tmp_path, events=1000, days=200, defects=rates))
    assert len(list(tmp_path.glob("events/*/events.parquet"))) == 200
    ((rows, days),) = query("select count(*), count(distinct load_date) from e", e=tmp_path)
    assert rows == summary.events + summary.added - summary.not_arrived
    assert days < 200
