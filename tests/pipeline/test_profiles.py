"""What audiences say of the last days comes from the features, and does not hang on them."""

from __future__ import annotations

import re

import pytest

from tools.project import ROOT, Project, copy_of_root

FEATURES = "models/features/feat_visitor.yml"


def without_feature(text: str, name: str) -> str:
    """The features' YAML without one of them, and without its alias."""
    kept, count = re.subn(rf"      - &{name}\n(?:        .*\n)+", "", text)
    kept, aliases = re.subn(rf"      - \*{name}\n", "", kept)
    assert (count, aliases) == (1, 1)
    return kept


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """Without two features: what dbt said; aud_people and visitor_profiles, a line each."""
    folder = copy_of_root(tmp_path_factory.mktemp("without"))
    text = (folder / FEATURES).read_text()
    for name in ("num_media_events_l30d", "latest_app_id"):
        text = without_feature(text, name)
    (folder / FEATURES).write_text(text)
    project = Project(folder, folder)
    models = ["aud_people", "visitor_profiles"]
    said = project.dbt("compile", "--select", *models, events="none")
    assert said.returncode == 0, said.stdout
    found = folder / "target" / "compiled" / "cdp" / "models"
    texts = [" ".join(next(found.rglob(f"{name}.sql")).read_text().split()) for name in models]
    return said.stdout, texts[0], texts[1]


def test_an_audience_keeps_the_column_of_a_feature_that_is_gone(
    compiled: tuple[str, str, str],
) -> None:
    said, people, _ = compiled
    assert "cast(null as bigint) as num_media_events_l30d" in people
    assert "aud_people.num_media_events_l30d is null" in " ".join(said.split())
    # Of the last visit there is still one.
    assert "people.last_app_id as latest_app_id" in people
    assert "coalesce(visitors.latest_device_class, people.last_device_class)" in people


def test_a_profile_has_the_features_that_say_so(compiled: tuple[str, str, str]) -> None:
    profiled = re.findall(
        r"name: (\w+)\n(?:        .*\n)*?            profile: true", (ROOT / FEATURES).read_text()
    )
    assert "num_sessions_l30d" in profiled
    _, _, profiles = compiled
    gone = {"num_media_events_l30d", "latest_app_id"}
    for name in profiled:
        assert (f"features.{name} as {name}" in profiles) is (name not in gone)
