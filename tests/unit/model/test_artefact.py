from __future__ import annotations

import copy
import io
import json
import multiprocessing
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import ml
from ml.errors import ArtefactError
from ml.model import artefact, packing

DATA = Path(__file__).parents[1] / "golden"
# Written once, by the version that introduced format 1, and never since: what it scored
# then, every later version and every library it may run on must score.
GOLDEN = DATA / "golden_model.zip"
GOLDEN_SHA256 = "40d7b37666585262689126cdd64e95ffdb439edf29172742ac0e452190db0f40"
SCORES = json.loads((DATA / "golden_scores.json").read_text())


def golden_rows() -> pd.DataFrame:
    frame = pd.DataFrame(SCORES["rows"])
    for name in ("moment", "first_seen"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


def members(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def pack(content: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, value in content.items():
            archive.writestr(name, value if isinstance(value, bytes) else json.dumps(value))
    return buffer.getvalue()


def load(data: bytes) -> Any:
    return artefact.from_bytes(data, packing.checksum(data))


def altered(change: Callable[[dict[str, Any]], object]) -> bytes:
    content = members(GOLDEN.read_bytes())
    change(content)
    return pack(content)


# --- What was written must be read ----------------------------------------------------


def test_a_stored_model_scores_for_ever_what_it_scored_when_it_was_stored() -> None:
    model = ml.load_model(GOLDEN, GOLDEN_SHA256)
    rows = golden_rows()
    np.testing.assert_allclose(model.predict_proba(rows), SCORES["scores"], rtol=0, atol=1e-6)
    values, base = model.contributions(rows)
    np.testing.assert_allclose(values, SCORES["contributions"], rtol=0, atol=2e-6)
    assert base == pytest.approx(SCORES["base"], abs=2e-6)


def test_saving_a_loaded_model_gives_the_same_bytes() -> None:
    data = GOLDEN.read_bytes()
    again = packing.to_bytes(load(data))
    assert members(again) == members(data)
    assert packing.to_bytes(load(again)) == again


def test_it_holds_json_only_and_no_field_that_only_new_libraries_know() -> None:
    content = members(GOLDEN.read_bytes())
    assert set(content) == {"manifest.json", "booster_0.json", "booster_1.json"}
    assert content["booster_0.json"]["version"] == [2, 1, 0]
    assert "cats" not in content["booster_0.json"]["learner"]["gradient_booster"]["model"]


def test_loading_and_scoring_need_neither_pickle_nor_scikit_learn() -> None:
    # A fresh process, where both fail on use: XGBoost itself tolerates an absent scikit-learn.
    code = f"""
import pickle, sys
sys.modules["sklearn"] = None
sys.modules["joblib"] = None
sys.modules["cloudpickle"] = None
import pandas as pd
import ml, json
def refuse(*given, **named):
    raise AssertionError("unpickled")
pickle.load = pickle.loads = pickle.Unpickler = refuse
model = ml.load_model({str(GOLDEN)!r}, {GOLDEN_SHA256!r})
rows = pd.DataFrame(json.load(open({str(DATA / "golden_scores.json")!r}))["rows"])
for name in ("moment", "first_seen"):
    rows[name] = pd.to_datetime(rows[name])
print(json.dumps(list(model.predict_proba(rows))))
model.contributions(rows)
assert not [name for name in sys.modules if name.startswith("sklearn.")]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout), SCORES["scores"], rtol=0, atol=1e-6)


# --- What was not must not --------------------------------------------------------------


def test_the_checksum_is_compared_before_anything_is_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def parsed(*_: object) -> None:
        pytest.fail("parsed")

    monkeypatch.setattr(artefact.zipfile, "ZipFile", parsed)
    data = bytearray(GOLDEN.read_bytes())
    data[100] ^= 1
    with pytest.raises(ArtefactError, match=f"SHA-256 is [0-9a-f]{{64}}, not {GOLDEN_SHA256}"):
        artefact.from_bytes(bytes(data), GOLDEN_SHA256)


def test_a_newer_format_names_the_version_to_install() -> None:
    def change(content: dict[str, Any]) -> None:
        content["manifest.json"]["format"] = 2
        content["manifest.json"]["versions"]["ml"] = "9.9.9"

    with pytest.raises(ArtefactError, match=r"format 2 is newer than 1.*install .*\(9\.9\.9\)"):
        load(altered(change))


def test_a_table_that_an_older_version_did_not_write_is_empty() -> None:
    model = load(altered(lambda content: content["manifest.json"].pop("effects")))
    assert model.effects.empty
    np.testing.assert_allclose(
        model.predict_proba(golden_rows()), SCORES["scores"], rtol=0, atol=1e-6
    )


def test_files_too_large_packed_or_unpacked_are_refused() -> None:
    with pytest.raises(ArtefactError, match="8000001 bytes are more than the 8000000"):
        load(b"0" * 8_000_001)
    content = members(GOLDEN.read_bytes())
    bomb = pack({**content, "booster_1.json": b" " * 130_000_000})
    assert len(bomb) < 300_000
    with pytest.raises(ArtefactError, match="unpacks to more than 120000000 bytes"):
        load(bomb)
    with pytest.raises(ArtefactError, match="packed by method 14"):
        load(pack(content, zipfile.ZIP_LZMA))


def trees(content: dict[str, Any]) -> list[dict[str, Any]]:
    return content["booster_0.json"]["learner"]["gradient_booster"]["model"]["trees"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: trees(c)[0]["left_children"].__setitem__(0, 4_000), "tree 0, child of node 0"),
        (lambda c: trees(c)[1]["left_children"].__setitem__(1, 0), "tree 1, child of node 1"),
        (lambda c: trees(c)[0]["split_indices"].__setitem__(0, 99), "split_indices is '99'"),
        (lambda c: trees(c)[0]["split_conditions"].pop(), "length of split_conditions"),
        (lambda c: trees(c)[0]["sum_hessian"].__setitem__(0, float("nan")), "sum_hessian is 'nan'"),
        (lambda c: trees(c)[0]["base_weights"].__setitem__(0, "1"), "base_weights"),
        (lambda c: trees(c)[0].pop("default_left"), "KeyError: 'default_left'"),
        (lambda c: trees(c).clear(), "number of trees is '0'"),
        (lambda c: c["manifest.json"].update(n_boosters=3), r"There is no item named .*booster_2"),
        (lambda c: c["manifest.json"].update(n_boosters=10**9), "n_boosters is 1000000000"),
        (lambda c: c["manifest.json"].update(base_rate="0.1"), "base_rate is '0.1'"),
        (lambda c: c["manifest.json"]["calibration"].update(method="magic"), "calibration 'magic'"),
        (
            lambda c: c["manifest.json"]["calibration"].update(knots=[[1, 0.5], [0, 0.2]]),
            "with 2 knots",
        ),
        (lambda c: c["manifest.json"]["schema"]["columns"].pop(), "split_indices is"),
        (lambda c: c["manifest.json"]["schema"].update(columns=[]), "the schema names no columns"),
    ],
)
def test_unsound_content_is_named(change: Callable[[dict[str, Any]], object], says: str) -> None:
    with pytest.raises(ArtefactError, match=says):
        load(altered(change))


# --- Altered files whose checksum was altered too ----------------------------------------

ODD: list[Any] = [None, True, -1, 0, 1, 7, 2**31 - 1, 2**31, 2**63, -(2**40), 0.5, 1e38, 1e39]
ODD += [float("nan"), float("inf"), "", "1", "-1", "1e400", "x" * 300, "[5E-1]", [], {}, [[]]]


def serve(pipe: Connection) -> None:
    """Load and score what comes in; the process may die of it, the test does not."""
    rows = golden_rows()
    many = pd.concat([rows] * 30, ignore_index=True)
    while True:
        data = pipe.recv_bytes()
        try:
            model = load(data)
        except ArtefactError:
            pipe.send("refused")
            continue
        except BaseException as error:
            pipe.send(f"load: {error!r}")
            continue
        try:
            score = model.predict_proba(rows)
            model.contributions(many)
            pipe.send("scored" if np.isfinite(score).all() else f"scores {score}")
        except ValueError:
            # A column that the altered schema asks for is absent or of another kind.
            pipe.send("scored")
        except BaseException as error:
            pipe.send(f"score: {error!r}")


class Victim:
    """A process that may crash, and is then started anew."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, data: bytes) -> str:
        try:
            self.pipe.send_bytes(data)
            if not self.pipe.poll(60):
                self.stop()
                self.start()
                return "hung"
            return self.pipe.recv()
        except (EOFError, OSError):
            self.stop()
            self.start()
            return "crashed"

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    process = Victim()
    yield process
    process.stop()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            yield from places(inner, (*path, key))


CONTENT = members(GOLDEN.read_bytes())
PLACES = list(places(CONTENT))
# Most places are numbers in trees; as many drawn are those of the rest.
FEW = [path for path in PLACES if not any(isinstance(part, int) for part in path)]


@st.composite
def altered_content(draw: st.DrawFn) -> bytes:
    content = copy.deepcopy(CONTENT)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(FEW) | st.sampled_from(PLACES))
        inner: Any = content
        try:
            for key in path[:-1]:
                inner = inner[key]
            if draw(st.integers(0, 4)) == 0:
                del inner[path[-1]]
            elif draw(st.booleans()):
                # Another value of the file, so that kinds are often right.
                other: Any = CONTENT
                for key in draw(st.sampled_from(PLACES)):
                    other = other[key]
                inner[path[-1]] = other
            else:
                inner[path[-1]] = draw(st.sampled_from(ODD))
        except (KeyError, IndexError, TypeError):
            pass  # an earlier change took the place away
    return pack(content)


@st.composite
def altered_bytes(draw: st.DrawFn) -> bytes:
    """Cut, flipped or doubled, as a whole or within one member of the zip."""
    name = draw(st.sampled_from([None, *CONTENT]))
    data = bytearray(GOLDEN.read_bytes() if name is None else json.dumps(CONTENT[name]).encode())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        what = draw(st.sampled_from(["flip", "cut", "drop", "double"]))
        if what == "flip":
            data[at] = draw(st.integers(0, 255))
        elif what == "drop":
            del data[at : at + draw(st.integers(1, 8))]
        elif what == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 50))]
        elif at:
            del data[at:]
        if not data:
            break
    return bytes(data) if name is None else pack({**CONTENT, name: bytes(data)})


class Altered(bytes):
    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


# Not shrunk: each crash costs a new process. 4,000 other examples were clean too.
@settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=(altered_content() | altered_bytes()).map(Altered))
def test_no_altered_file_crashes_the_process(victim: Victim, data: bytes) -> None:
    assert victim.ask(data) in {"refused", "scored"}
