"""Every link of the documentation leads somewhere."""

from __future__ import annotations

import re
import subprocess

from tools.project import ROOT


def listed(*patterns: str) -> list[str]:
    """Files that git has or will have."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]


def anchors(page: str) -> set[str]:
    """What GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_relative_links_name_files_that_are_in_git_and_headings_that_are_there() -> None:
    files = set(listed())
    folders = {f"{parent}" for name in files for parent in (ROOT / name).relative_to(ROOT).parents}
    checked, broken = 0, []
    for page in listed("*.md"):
        for link in re.findall(r"\]\(([^)\s]+)\)", (ROOT / page).read_text()):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            to = ((ROOT / page).parent / path).resolve() if path else ROOT / page
            name = str(to.relative_to(ROOT))
            if name not in files | folders or (anchor and anchor not in anchors(name)):
                broken.append((page, link))
            checked += 1
    assert broken == []
    assert checked > 30


def test_the_front_door_leads_to_every_page_and_the_readme_to_the_front_door() -> None:
    docs = ROOT / "dbt_project" / "docs"
    # The first page of dbt's own documentation site, which people do not open as a file.
    pages = {page.name for page in docs.glob("*.md")} - {"index.md", "overview.md"}
    assert pages - set(re.findall(r"\]\(([^)#\s]+)", (docs / "index.md").read_text())) == set()
    linked = set(re.findall(r"\]\(([^)#\s]+)", (ROOT / "README.md").read_text()))
    assert {"dbt_project/docs/index.md", "dbt_project/docs/glossary.md"} <= linked


def test_the_page_on_ml_names_every_room_and_only_what_is_there() -> None:
    page = (ROOT / "dbt_project" / "docs" / "ml.md").read_text()
    table = page.partition("| level |")[2].partition("\n\n")[0]
    named = re.findall(r"^\|[^|]*\| `([a-z_.]+)/?` \|", table, re.MULTILINE)
    rooms = {path.parent.name for path in (ROOT / "ml").glob("*/__init__.py")}
    assert sorted(named) == sorted(rooms | {path.name for path in (ROOT / "ml").glob("[a-z]*.py")})
    modules = {path.name for path in (ROOT / "ml").rglob("*.py")}
    assert set(re.findall(r"`([a-z_]+\.py)`", page)) <= modules
