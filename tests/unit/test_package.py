from __future__ import annotations

import base64
import csv
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

import ml
from ml import package
from ml.errors import WrongPackageError

PYPROJECT = package.MANIFEST.with_name("databricks.pyproject.toml")


def deployed(folder: Path) -> Path:
    """A folder as `deploy_ml` fills it."""
    for path, content in package.sources().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "pyproject.toml").write_text(PYPROJECT.read_text())
    return folder


def pack(folder: Path, into: Path) -> subprocess.CompletedProcess[str]:
    """Call the build backend that pyproject.toml names, in the folder, as pip does."""
    system = tomllib.loads((folder / "pyproject.toml").read_text())["build-system"]
    assert system["requires"] == []
    into.mkdir()
    program = (
        f"import sys; sys.path[:0] = {system['backend-path']}\n"
        f"import {system['build-backend']} as backend; print(backend.build_wheel({str(into)!r}))"
    )
    # -S: pip's environment for building has no other package.
    command = [sys.executable, "-I", "-S", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def test_the_manifest_is_that_of_the_sources() -> None:
    assert package.MANIFEST.read_text() == package.manifest()
    named = re.findall(r'"(\w+\.py)"', package.manifest())
    assert sorted(named) == sorted(Path(path).name for path in package.sources())


def test_dbt_and_the_changelog_name_the_version_of_the_package() -> None:
    root = package.MANIFEST.parents[2]
    pyproject = tomllib.loads((root / "pyproject.toml").read_text())
    assert pyproject["project"]["dynamic"] == ["version"]
    assert pyproject["tool"]["hatch"]["version"]["path"] == "ml/__init__.py"
    assert f"\nversion: {ml.__version__}\n" in (root / "dbt_project.yml").read_text()
    assert f"\n## {ml.__version__}\n" in (root / "CHANGELOG.md").read_text()


MODULES = """
import importlib, sys
sys.path.insert(0, {folder!r})
for name in {names!r}:
    importlib.import_module(name)
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("ml", "sklearn")))
"""


def imported(names: list[str], folder: str = "", before: str = "") -> list[str]:
    """Modules of ml and scikit-learn that are there after the import of some, in a new process."""
    program = before + MODULES.format(names=names, folder=folder)
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_what_is_deployed_needs_nothing_of_ml_that_is_not(tmp_path: Path) -> None:
    folder = deployed(tmp_path)
    modules = [
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in package.sources()
    ]
    assert "ml.registry.register" in modules
    found = imported(modules, str(folder))
    assert set(modules) <= set(found)
    assert not [name for name in found if name.startswith(("ml.report", "ml.export", "ml.cli"))]


def test_scoring_needs_neither_the_trainer_nor_scikit_learn() -> None:
    without = "import sys\nsys.modules['sklearn'] = None\n"
    found = imported(["ml.scoring.score", "ml.model.artefact"], before=without)
    assert not [name for name in found if name.startswith(("ml.training", "sklearn."))]


def test_a_wheel_records_what_it_holds_and_is_the_same_every_time(tmp_path: Path) -> None:
    name = package.build_wheel(str(tmp_path))
    assert name == f"cdp_propensity-{package.version()}-py3-none-any.whl"
    first = (tmp_path / name).read_bytes()
    package.build_wheel(str(tmp_path))
    assert (tmp_path / name).read_bytes() == first
    with ZipFile(tmp_path / name) as wheel:
        contents = {path: wheel.read(path) for path in wheel.namelist()}
    about = contents[f"cdp_propensity-{package.version()}.dist-info/METADATA"].decode()
    pyproject = tomllib.loads((package.MANIFEST.parents[2] / "pyproject.toml").read_text())
    assert f"\nRequires-Python: {pyproject['project']['requires-python']}\n" in about
    record = contents[f"cdp_propensity-{package.version()}.dist-info/RECORD"].decode()
    for path, digest, _ in csv.reader(record.splitlines()):
        if digest:
            found = base64.urlsafe_b64encode(hashlib.sha256(contents.pop(path)).digest())
            assert digest == f"sha256={found.rstrip(b'=').decode()}"
    assert [Path(path).name for path in contents] == ["RECORD"]


def test_another_ml_is_answered_with_what_to_write() -> None:
    package.require(package.content_hash())
    with pytest.raises(WrongPackageError, match=r"e\.g\. cdp-propensity==[0-9.]+\+0123456789ab$"):
        package.require("0123456789abcdef" * 4)


def test_the_hash_is_the_same_where_git_writes_other_line_endings(tmp_path: Path) -> None:
    attributes = package.MANIFEST.parents[2] / ".gitattributes"
    (tmp_path / ".gitattributes").write_text(attributes.read_text())
    names = ["a.py", "b.sql", "c.toml", "d.yml"]

    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "core.autocrlf=true", *words], cwd=tmp_path, check=True)

    git("init", "--quiet")
    for name in names:
        (tmp_path / name).write_bytes(b"one\ntwo\n")
    git("add", *names)
    for name in names:
        (tmp_path / name).unlink()
    git("checkout", "--quiet", "--", *names)
    assert [(tmp_path / name).read_bytes() for name in names] == [b"one\ntwo\n"] * 4


def test_a_deployed_folder_packs_itself_without_any_other_package(tmp_path: Path) -> None:
    folder = deployed(tmp_path / package.content_hash()[:12])
    done = pack(folder, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    [wheel] = (tmp_path / "site").iterdir()
    assert wheel.name == done.stdout.strip()
    package.build_wheel(str(tmp_path))
    assert wheel.read_bytes() == (tmp_path / wheel.name).read_bytes()


def test_a_folder_whose_files_are_not_those_of_its_name_is_refused(tmp_path: Path) -> None:
    folder = deployed(tmp_path / package.content_hash()[:12])
    (folder / "ml" / "errors.py").unlink()
    done = pack(folder, tmp_path / "site")
    assert done.returncode != 0
    assert re.search("holds ml [0-9a-f]{12}: deploy it again", done.stderr)


def test_the_commands_write_the_wheel_and_check_the_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ml.package", "--wheel", str(tmp_path / "new")])
    package.main()
    assert Path(capsys.readouterr().out.strip()).exists()
    monkeypatch.setattr(package, "MANIFEST", tmp_path / "ml_manifest.sql")
    monkeypatch.setattr(sys, "argv", ["ml.package", "--check"])
    with pytest.raises(SystemExit, match="out of date: run `make format`"):
        package.main()
    monkeypatch.setattr(sys, "argv", ["ml.package"])
    package.main()
    assert (tmp_path / "ml_manifest.sql").read_text() == package.manifest()
