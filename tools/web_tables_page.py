"""The tables of dbt_project/docs/web_tables.md, from the YAML that dbt reads.

python -m tools.web_tables_page     writes them anew
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "dbt_project" / "docs" / "web_tables.md"
BEGIN, END = "<!-- generated: tables -->", "<!-- end -->"
TABLES = ("page_views", "sessions", "users", "user_mapping")
OWN = "Not in Snowplow's tables."
DOC = re.compile(r"\{\{ doc\('(\w+)'\) \}\}")


def blocks() -> dict[str, str]:
    """Texts of the docs blocks that column descriptions name."""
    texts = {}
    for path in [*(ROOT / "models").rglob("*.md"), *PAGE.parent.glob("*.md")]:
        found = re.findall(r"(?s)\{% docs (\w+) %\}\n(.*?)\{% enddocs %\}", path.read_text())
        texts |= {name: " ".join(text.split()) for name, text in found}
    return texts


def model(path: str) -> dict[str, Any]:
    """One YAML file of a model: its columns and its unit tests."""
    return yaml.safe_load((ROOT / path).read_text())


def unit_tests(table: str) -> dict[str, list[str]]:
    """Unit tests that expect a value of each column, by column."""
    tested = defaultdict(list)
    for path in (f"models/web/web_{table}.yml", f"models/web/stg_snowplow__{table}.yml"):
        for test in model(path).get("unit_tests", []):
            for column in test["expect"]["rows"][0]:
                tested[column].append(test["name"])
    return tested


def line(column: dict[str, Any], texts: dict[str, str], tested: dict[str, list[str]]) -> str:
    """One column as a row of the table."""
    references = []

    def text(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("web_reference_"):
            references.append(name.removeprefix("web_reference_"))
            return ""
        return texts[name]

    said = " ".join(DOC.sub(text, column["description"]).split()).replace("|", "\\|")
    name = column["name"]
    unified = column.get("config", {}).get("meta", {}).get("unified_name", name)
    of_unified_alone = references == ["unified"]
    in_web = "-" if OWN in said or of_unified_alone else f"`{name}`"
    in_unified = "-" if OWN in said else f"`{unified}`"
    reference = f"[{references[0]}]" if references else "ours"
    tests = ", ".join([*tested.get(name, []), "reference"])
    kind = column["data_type"]
    cells = [f"`{name}`", kind, said, reference, in_web, in_unified, tests]
    return "| " + " | ".join(cells) + " |"


def tables() -> str:
    """All tables as Markdown, each with its heading, and the list of references."""
    texts = blocks()
    parts = []
    for table in TABLES:
        given = model(f"models/web/stg_snowplow__{table}.yml")["models"][0]
        tested = unit_tests(table)
        parts += [f"## {given['name']}", "", " ".join(given["description"].split()), ""]
        parts.append("| column | type | says | reference | web name | unified name | tested by |")
        parts.append("|---|---|---|---|---|---|---|")
        parts += [line(column, texts, tested) for column in given["columns"]]
        parts.append("")
    for name, text in texts.items():
        if name.startswith("web_reference_"):
            label, address = re.findall(r"\[(.*)\]\((.*?)\)", text)[0]
            title = label.replace('"', "'")
            parts.append(f'[{name.removeprefix("web_reference_")}]: {address} "{title}"')
    return "\n".join(parts)


def page(text: str) -> str:
    """The page with its tables as they should be."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
