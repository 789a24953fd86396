"""`cdp report`: the pages for people, from the warehouse to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ml.engines import connections
from ml.report.page import file_name, index_page, not_trained_page, version_page
from ml.report.reader import NotTrained, ReportError, Version, read_not_trained, read_versions


@click.command(name="report")
@connections.options
@click.option("--model", default="", help="Only this model; all by default.")
@click.option(
    "--version",
    default="",
    help="A version, or `all` (rejected ones too). By default the one in use of each model, "
    "or its latest if none is in use.",
)
@click.option(
    "--out",
    default="reports",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the pages.",
)
@click.option(
    "--threshold",
    type=float,
    default=None,
    help="Threshold that the page starts with: the lowest score taken. By default three times the "
    "base rate.",
)
def command(
    model: str,
    version: str,
    out: Path,
    threshold: float | None,
    **where: Any,  # noqa: ANN401 - of connections.options
) -> None:
    """Write a page for each version: how good it is, which features matter, why it is in use.

    The pages open from disk, need no network, and print on A4. For models that could not be
    trained there is a page that says why. index.html leads to all of them.
    """
    try:
        with connections.opened(**where) as reader:
            versions = read_versions(reader, model, version)
            missing = [] if version not in ("", "all") else read_not_trained(reader, model)
        pages: list[tuple[Version | NotTrained, str]] = [
            *((v, version_page(v, threshold)) for v in versions),
            *((m, not_trained_page(m)) for m in missing),
        ]
    except (ReportError, connections.WarehouseError) as error:
        raise click.ClickException(str(error)) from error
    if not pages:
        msg = f"{reader.name} has no version and no reason why. Run `dbt build` first."
        raise click.ClickException(msg)
    out.mkdir(parents=True, exist_ok=True)
    for about, text in pages:
        path = out / file_name(about)
        path.write_text(text, encoding="utf-8")
        click.echo(str(path))
    index = out / "index.html"
    index.write_text(index_page([(file_name(a), a) for a, _ in pages]), encoding="utf-8")
    click.echo(f"Open {index}")
