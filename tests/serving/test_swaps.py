"""Champions come, go and fail while requests go on."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.serving import fake_signals, service
from tests.serving.champions import champion, write


def test_a_champion_is_swapped_under_load_without_a_dropped_request(tmp_path: Path):
    file = tmp_path / "live.zip"
    write(champion(0), file)
    with (
        fake_signals.running() as signals,
        service.running(file, signals.url, options=("--workers", "2")) as started,
    ):
        versions: list[str] = []
        stop = False

        def ask(n: int) -> list[tuple[int, str]]:
            out = []
            with httpx.Client(base_url=started.url, timeout=30) as client:
                while not stop:
                    got = client.post("/predict", json={"domain_userid": f"visitor-{n}"})
                    out.append((got.status_code, got.json().get("model_version", "")))
            return out

        with ThreadPoolExecutor(6) as pool:
            asked = [pool.submit(ask, n) for n in range(6)]
            for seed in (1, 0, 1):
                time.sleep(0.7)
                write(champion(seed), file)
                started.reload()
                until = time.monotonic() + 60
                seen: set[str] = set()
                while time.monotonic() < until:
                    seen = {started.predict().json()["model_version"] for _ in range(8)}
                    if seen == {f"v{seed}"}:
                        break
                assert seen == {f"v{seed}"}
            stop = True
            answers = [answer for one in asked for answer in one.result()]
        versions = [version for _, version in answers]
        assert {status for status, _ in answers} == {200}
        assert set(versions) == {"v0", "v1"}
        assert len(answers) > 50

        # A file that is not the card's is not served; the old one goes on, and everybody is told.
        good = file.read_bytes()
        file.write_bytes(good[:-100])
        started.reload()
        found = started.wait_until("reload_failed", "SHA-256")
        assert (found["status"], found["model_version"]) == ("ready", "v1")
        assert started.predict().json()["model_version"] == "v1"
        assert "cdp_serve_reload_failed 1.0" in started.client.get("/metrics").text
        assert "reload_failed" in {line["event"] for line in started.lines()}
        file.write_bytes(good)
        started.reload()
        until = time.monotonic() + 60
        while started.ready()["reload_failed"] and time.monotonic() < until:
            time.sleep(0.1)
        assert not started.ready()["reload_failed"]
        assert started.stop() == 0


def test_attributes_that_are_not_published_are_no_score(tmp_path: Path):
    file = tmp_path / "live.zip"
    write(champion(0), file)
    with fake_signals.running() as signals:
        signals.published = False
        with service.running(file, signals.url, wait=False) as started:
            found = started.client.get("/ready")
            assert found.status_code == 503
            assert "Run `cdp signals publish`" in found.json()["reason"]
            answer = started.predict()
            assert answer.status_code == 503
            assert "Run `cdp signals publish`" in answer.json()["error"]["message"]
            assert started.client.get("/health").json() == {"status": "ok"}
            signals.published = True
            signals.since = "2199-01-01T00:00:00Z"
            started.wait_until("status", "ready")
            assert started.predict().json()["warm"] is False


def test_keys_and_rates(tmp_path: Path):
    file = tmp_path / "live.zip"
    write(champion(0), file)
    limits = {"api_key": "the-key", "rate": "0.2", "burst": "2", "proxies": "1"}
    with (
        fake_signals.running() as signals,
        service.running(file, signals.url, limits) as started,
    ):
        for wrong in ({}, {"x-api-key": "the-kez"}, {"x-api-key": ""}):
            answer = started.predict(**wrong)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "no_access")
        key = {"x-api-key": "the-key"}
        first = [started.predict(**key, **{"x-forwarded-for": "1.1.1.1"}) for _ in range(3)]
        assert [answer.status_code for answer in first] == [200, 200, 429]
        assert 1 <= int(first[2].headers["retry-after"]) <= 5
        # Another client, and one that claims to be yet another.
        got = [
            started.predict(**key, **{"x-forwarded-for": f"9.9.9.{n}, 2.2.2.2"}) for n in range(3)
        ]
        assert [answer.status_code for answer in got] == [200, 200, 429]
        assert "the-key" not in started.log.read_text()


def test_requests_in_flight_are_answered_before_it_stops(tmp_path: Path):
    import asyncio

    file = tmp_path / "live.zip"
    write(champion(0), file)
    with (
        fake_signals.running() as signals,
        service.running(file, signals.url, {"signals_timeout": "5"}) as started,
    ):
        usual = signals.usual

        async def slow(request, visitors, names):
            await asyncio.sleep(1.5)
            return await usual(request, visitors, names)

        signals.answer = slow
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(started.predict, f"visitor-{n}") for n in range(4)]
            until = time.monotonic() + 60
            while sum(map(len, signals.calls)) < 4 and time.monotonic() < until:
                time.sleep(0.01)
            assert started.stop() == 0
            assert [one.result().status_code for one in asked] == [200] * 4


@pytest.mark.parametrize(
    ("env", "options", "said"),
    [
        ({"rate": "many"}, (), "CDP_SERVE_RATE is 'many'; give a number"),
        ({"rates": "1"}, (), "CDP_SERVE_RATES is no setting; there are"),
        ({"origins": "*"}, (), "CDP_SERVE_ORIGINS: '*' is no origin"),
        ({}, ("--file", "nothing.zip"), "nothing.zip: no such file"),
    ],
)
def test_what_is_wrong_is_said_before_it_starts(
    tmp_path: Path, env: dict[str, str], options: tuple[str, ...], said: str
):
    file = tmp_path / "live.zip"
    write(champion(0), file)
    with (
        pytest.raises(AssertionError, match=r"Error: .*") as raised,
        service.running(file, "http://127.0.0.1:1", env, options=options),
    ):
        pass
    assert said in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_a_port_that_is_taken_is_named_before_it_starts(tmp_path: Path):
    file = tmp_path / "live.zip"
    write(champion(0), file)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with (
            pytest.raises(AssertionError) as raised,
            service.running(file, "http://127.0.0.1:1", options=("--port", port)),
        ):
            pass
    assert f"127.0.0.1:{port} cannot be listened at" in str(raised.value)
