"""The live page in a browser, with all that `make live` starts: tracker, Signals, API and site."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pytest
from click import ClickException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from tests.browser.live_warehouse import write_live_warehouse
from tools import live as launcher
from tools.live_site import SITE, predict

ROOT = Path(launcher.__file__).resolve().parents[1]
AXE = ROOT / "live" / "node_modules" / "axe-core" / "axe.min.js"
SNIPPET = (ROOT / "live" / "snippet.js").read_text()
OFFER_ABOVE = 0.12
# A picture per step, for people: SCREENSHOTS=folder pytest tests/browser/test_live.py
SCREENSHOTS = os.environ.get("SCREENSHOTS")
T = TypeVar("T")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def warehouse(folder: Path) -> Path:
    path = folder / "warehouse.duckdb"
    write_live_warehouse(path)
    return path


def free_ports() -> launcher.Ports:
    probes = [socket.socket() for _ in range(3)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    site, collector, api = (probe.getsockname()[1] for probe in probes)
    for probe in probes:
        probe.close()
    return launcher.Ports(site=site, collector=collector, api=api)


@dataclass(frozen=True)
class Running:
    """`make live`, without make."""

    process: subprocess.Popen[str]
    ports: launcher.Ports
    folder: Path
    said: list[str]

    @property
    def address(self) -> str:
        return f"http://www.{SITE}:{self.ports.site}/"

    def children(self) -> dict[str, int]:
        """Command of `cdp` -> process id, of all that it started."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid:
                    words = (entry / "cmdline").read_text().split("\0")
                    found[" ".join(words[2 : words.index("--port")])] = int(entry.name)
        return found

    @contextmanager
    def silent(self, command: str) -> Iterator[None]:
        """Let one of the programs answer nothing."""
        group = next(pid for name, pid in self.children().items() if name.startswith(command))
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)


@pytest.fixture(scope="module")
def running(warehouse: Path, folder: Path) -> Iterator[Running]:
    ports = free_ports()
    command = [sys.executable, "-m", "tools.live", "--warehouse", str(warehouse)]
    command += ["--folder", str(folder / "run"), "--offer-above", str(OFFER_ABOVE)]
    command += ["--refresh", "1", "--heartbeat", "1"]
    for name, port in vars(ports).items():
        command += [f"--{name}-port", str(port)]
    # The last known attributes count for four seconds, so that no test waits for minutes.
    environment = {**os.environ, "CDP_SERVE_STALE_SECONDS": "4"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout
        said: list[str] = []
        while "Ctrl-C ends everything.\n" not in said:
            said.append(process.stdout.readline())
            assert said[-1], "".join(said)
        yield Running(process, ports, folder / "run", said)
        process.terminate()


@pytest.fixture
def page(browser: Chrome, running: Running) -> Iterator[Chrome]:
    """The home page, to a visitor who has never been there; nothing goes to the console."""
    show(browser, 1280, 900)
    browser.get(running.address)
    browser.delete_all_cookies()
    browser.execute_script("localStorage.clear()")
    browser.get_log("browser")
    browser.get(running.address)
    yield browser
    assert browser.get_log("browser") == []


def show(browser: Chrome, width: int, height: int, scheme: str = "light") -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 900}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def picture(browser: Chrome, name: str) -> None:
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(Path(SCREENSHOTS) / f"{name}.png"))


def until(read: Callable[[], T], holds: Callable[[T], object], seconds: float = 30) -> T:
    """Read until it holds."""
    end = time.monotonic() + seconds
    while True:
        value = read()
        if holds(value):
            return value
        assert time.monotonic() < end, f"still {value!r} after {seconds} s"
        time.sleep(0.1)


def text(browser: Chrome, selector: str) -> str:
    found = browser.execute_script(
        "return document.querySelector(arguments[0])?.textContent ?? null", selector
    )
    return found or ""


def score(browser: Chrome) -> float:
    shown = text(browser, "[data-show=score]")
    return float(shown.rstrip("%")) / 100 if shown.endswith("%") else float("nan")


def attributes(browser: Chrome) -> dict[str, list[str]]:
    """Attribute -> what Signals returned and what the model saw, as the panel shows them."""
    return browser.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('[data-attributes] tr')].map("
        "row => [row.cells[0].firstChild && row.cells[0].textContent.replace(' (changed)', ''),"
        " [row.cells[1].textContent, row.cells[2].textContent]]))"
    )


def state(browser: Chrome) -> str:
    return browser.execute_script("return document.querySelector('.panel')?.dataset.state ?? ''")


def offered(browser: Chrome) -> bool:
    return bool(browser.find_elements(By.CSS_SELECTOR, ".offer"))


def wait_for_attribute(browser: Chrome, name: str, value: str) -> None:
    until(lambda: attributes(browser), lambda found: found.get(name) == [value, value])


def accessibility_debts(browser: Chrome) -> list[str]:
    """What axe-core finds on the page, and sideways scrolling."""
    browser.execute_script(AXE.read_text())
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run().then((r) => done(r.violations.map((v) =>"
        " `${v.impact} ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)))"
    )
    wide, screen = browser.execute_script(
        "return [document.documentElement.scrollWidth, innerWidth]"
    )
    return [*found, *([f"{wide} px wide on {screen}"] if wide > screen else [])]


def events(folder: Path) -> list[dict[str, Any]]:
    """Atomic events that the collector has written."""
    written = (folder / "events").rglob("[!.]*.parquet")  # one being written has a dot
    files = [str(path) for path in written]
    if not files:
        return []
    query = f"select * from read_parquet({files}, union_by_name = true)"
    rows = duckdb.execute(f"{query} order by collector_tstamp").df()
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def test_a_visit_raises_the_score_until_the_offer_and_ends_in_a_conversion(
    page: Chrome, running: Running
) -> None:
    wait_for_attribute(page, "num_page_views_l7d", "1")
    at_home = score(page)
    assert attributes(page)["latest_app_id"] == ["website", "website"]
    assert attributes(page)["day_of_week"][0] == "not asked"
    assert text(page, "[data-fact=known]") == "yes"
    assert text(page, "[data-fact=warm]").startswith("no")
    assert text(page, "[data-fact=stale]") == "no"
    assert text(page, "[data-fact=model]").startswith("live 20260310-")
    picture(page, "1-home")

    page.find_element(By.LINK_TEXT, "Pricing").click()
    wait_for_attribute(page, "num_pricing_views_l7d", "1")
    wait_for_attribute(page, "last_page_urlpath_l1h", "/pricing/")
    at_prices = score(page)
    assert at_prices > at_home
    reasons = text(page, "[data-reasons]")
    assert "Associated with 1 view of pricing pages in the last 7 days" in reasons
    ActionChains(page).move_by_offset(5, 5).move_by_offset(5, 5).perform()
    until(lambda: attributes(page), lambda found: "num_page_pings_l1h" in found)
    assert not offered(page)
    picture(page, "2-pricing")

    page.find_element(By.LINK_TEXT, "Docs").click()
    until(lambda: attributes(page), lambda a: a.get("latest_app_id") == ["docs", "docs"])
    assert page.current_url.startswith("http://docs.")
    wait_for_attribute(page, "num_page_views_l7d", "3")  # www and docs share the visitor

    page.find_element(By.LINK_TEXT, "Request a demo").click()
    until(lambda: attributes(page), lambda a: a.get("num_page_views_l7d") == ["4", "4"])
    page.find_element(By.ID, "name").send_keys("Ada")
    at_form = until(lambda: score(page), lambda now: now >= OFFER_ABOVE)
    assert at_form > at_prices
    assert until(lambda: offered(page), bool)
    assert attributes(page)["had_form_engagement_l7d"][1] == "true"  # Signals counts, and says 1
    picture(page, "3-form")

    page.find_element(By.ID, "company").send_keys("Analytical Engines", Keys.ENTER)
    assert page.switch_to.active_element.get_attribute("id") == "thanks"
    until(lambda: offered(page), lambda there: not there)
    until(lambda: text(page, "[data-sent]"), lambda sent: "submit_form" in sent)
    picture(page, "4-thanks")

    visitor = next(c for c in page.get_cookies() if c["name"].startswith("_sp_id."))["value"]
    domain_userid = visitor.split(".")[0]
    mine = until(
        lambda: [e for e in events(running.folder) if e["domain_userid"] == domain_userid],
        lambda found: any(e["event_name"] == "submit_form" for e in found),
    )
    names = [e["event_name"] for e in mine]
    assert names.count("page_view") == 4
    assert {"page_ping", "focus_form", "change_form", "link_click"} <= set(names)
    conversion = next(e for e in mine if e["event_name"] == "submit_form")
    assert conversion["page_urlpath"] == "/request-demo/"
    assert conversion["page_urlhost"] == "www.larkspur.localhost"  # not test traffic
    assert "Analytical" not in json.dumps(mine, default=str)  # what people write is not sent


def test_the_offer_goes_away_for_good(page: Chrome, running: Running) -> None:
    page.get(f"{running.address}request-demo/")
    page.find_element(By.ID, "vans").click()
    until(lambda: offered(page), bool)
    page.find_element(By.XPATH, "//button[.='No, thanks']").click()
    assert page.switch_to.active_element.get_attribute("id") == "content"
    page.get(f"{running.address}pricing/")
    until(lambda: score(page), lambda now: now >= OFFER_ABOVE)
    assert not offered(page)


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_everybody_can_use_it(page: Chrome, running: Running, width: int, height: int) -> None:
    show(page, width, height)
    page.get(f"{running.address}request-demo/")
    page.find_element(By.ID, "vans").send_keys(Keys.ARROW_DOWN)
    until(lambda: offered(page), bool)
    toggle = page.find_element(By.CSS_SELECTOR, ".panel-toggle")
    if toggle.get_attribute("aria-expanded") == "true":
        toggle.send_keys(Keys.ENTER)
    for scheme in ("light", "dark"):
        show(page, width, height, scheme)
        assert accessibility_debts(page) == []
        picture(page, f"{width}-{scheme}-closed")
        toggle.send_keys(Keys.ENTER)
        assert toggle.get_attribute("aria-expanded") == "true"
        assert accessibility_debts(page) == []
        picture(page, f"{width}-{scheme}-open")
        toggle.send_keys(Keys.SPACE)
        assert toggle.get_attribute("aria-expanded") == "false"
        assert not page.find_element(By.ID, "panel-body").is_displayed()


def test_every_page_is_accessible_and_fits(page: Chrome, running: Running) -> None:
    show(page, 390, 844)
    for path in ("", "product/", "customers/", "customers/retail/", "pricing/", "docs/guide-1/"):
        page.get(f"{running.address}{path}")
        assert accessibility_debts(page) == []
        picture(page, f"page-{path.strip('/').replace('/', '-') or 'home'}")


def test_the_first_key_skips_to_the_content(page: Chrome) -> None:
    ActionChains(page).send_keys(Keys.TAB).perform()
    assert page.switch_to.active_element.text == "Skip to the content"
    ActionChains(page).send_keys(Keys.ENTER).perform()
    assert page.switch_to.active_element.get_attribute("id") == "content"


def test_the_snippet_prints_the_same_in_the_console(page: Chrome, running: Running) -> None:
    wait_for_attribute(page, "num_page_views_l7d", "1")
    page.execute_script(
        "globalThis.CDP_API = arguments[0]; globalThis.printed = [];"
        "for (const how of ['log', 'table', 'warn']) console[how] = (said) => printed.push(said);",
        f"http://127.0.0.1:{running.ports.api}",
    )
    command = {"expression": SNIPPET, "replMode": True, "awaitPromise": True}
    assert "exceptionDetails" not in page.execute_cdp_cmd("Runtime.evaluate", command)
    said, table, _reasons = page.execute_script("cdp.stop(); return printed")
    assert said.startswith(f"cdp: {100 * score(page):.1f}%, ")
    assert table["num_page_views_l7d"] == {"signals": 1, "model": 1}
    page.execute_script("CDP_API = 'http://127.0.0.1:9'")


def test_it_says_so_if_signals_or_the_api_does_not_answer(page: Chrome, running: Running) -> None:
    wait_for_attribute(page, "num_page_views_l7d", "1")
    with running.silent("signals local"):
        until(lambda: text(page, "[data-fact=stale]"), lambda stale: stale.startswith("yes"))
        until(lambda: state(page), lambda now: now == "unavailable")
        assert "The API answers 503. It says: No score can be" in text(page, "[data-show=state]")
        assert "Below is the score of" in text(page, "[data-show=state]")
        picture(page, "5-signals-down")
    until(lambda: state(page), lambda now: now == "scored")
    with running.silent("serve"):
        until(lambda: state(page), lambda now: now == "down")
        assert "no answer within 5 s" in text(page, "[data-show=state]")
    until(lambda: state(page), lambda now: now == "scored")


def test_nothing_that_listens_is_down() -> None:
    assert predict(free_ports().api, b"{}") == {"state": "down"}


def test_what_the_api_refuses_is_told(running: Running) -> None:
    answer = predict(running.ports.api, b'{"domain_userid": 5}')
    assert answer == {"state": "refused", "detail": "422 Expected `str`, got `int`"}


def test_other_names_and_paths_are_not_served(running: Running) -> None:
    def status(path: str, host: str) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{running.ports.site}{path}")
        request.add_header("Host", host)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    assert status("/", "127.0.0.1") == 200
    assert status("/", "attacker.example") == 403
    assert status("/../pyproject.toml", "127.0.0.1") == 404
    assert status("/pricing", "localhost") == 200  # by way of /pricing/


def test_a_program_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    last_words: list[object] = [sys.executable, "-c", "import sys; sys.exit('no more memory')"]
    with launcher.process("cdp serve", last_words, {}, tmp_path / "serve.log") as child:
        child.running.wait()
        with pytest.raises(ClickException, match="cdp serve ended with code 1") as told:
            child.check()
    assert "no more memory" in told.value.message


def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    family: list[object] = ["sh", "-c", "sleep 300 & echo $!; wait"]
    with launcher.process("sh", family, {}, tmp_path / "log") as child:
        grandchild = until((tmp_path / "log").read_text, str.strip).strip()
        assert child.running.poll() is None
    until(Path(f"/proc/{grandchild}").exists, lambda there: not there)


def test_a_taken_port_is_told() -> None:
    ports = free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.collector))
        taken.listen()
        with pytest.raises(ClickException) as told:
            ports.check()
    assert told.value.message == (
        f"port {ports.collector}, for the collector, is not free (Address already in use). "
        f"Take another: make live COLLECTOR_PORT={ports.collector + 1}"
    )


def test_without_a_champion_it_says_how_to_get_one(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(ClickException, match="`make demo` builds it"):
        launcher.find_champion(tmp_path / "none.duckdb")
    empty = tmp_path / "empty.duckdb"
    shutil.copy(warehouse, empty)
    with duckdb.connect(str(empty)) as connection:
        for table in ("propensity_champions", "propensity_versions"):
            connection.execute(f"delete from {table}")
    with pytest.raises(ClickException, match="live has no champion"):
        launcher.find_champion(empty)


# The last one: nothing runs after it.
def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_ends_on_ctrl_c_with_everything_it_started(running: Running) -> None:
    said = "".join(running.said)
    assert running.address in said
    assert f"make demo EVENTS={running.folder / 'events'}" in said
    started = running.children()
    assert len(started) == 2
    running.process.send_signal(signal.SIGINT)
    rest, _ = running.process.communicate(timeout=60)
    assert running.process.returncode == 0
    assert rest.endswith("Everything has ended.\n")
    assert not any(Path(f"/proc/{pid}").exists() for pid in started.values())
    assert not any(listens(port) for port in vars(running.ports).values())
