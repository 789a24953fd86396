"""`cdp export-model`: a version from the warehouse to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ml.engines import connections


@click.command(name="export-model")
@click.argument("model_name")
@click.option("--version", default="", help="A registered version; by default the champion.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["artefact", "onnx", "joblib"]),
    default="artefact",
    show_default=True,
    help="Format of the file, as described above.",
)
@connections.options
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The file; by default exports/MODEL_NAME-VERSION with the format's suffix.",
)
def command(
    model_name: str,
    version: str,
    kind: str,
    out: Path | None,
    **where: Any,  # noqa: ANN401 - of connections.options
) -> None:
    """Write the champion of MODEL_NAME (live, daily, ...) to a file.

    \b
    artefact  this package's own: JSON in a zip, read by ml.load_model(file, sha256) after
              its checksum; runs no code. What the /predict API takes.
    onnx      one graph from raw columns to the calibrated probability, for ONNX Runtime in
              any language. Needs the extra `export`.
    joblib    a scikit-learn classifier for joblib.load, which runs code: for your own use,
              where this package is installed.

    The file is scored on real rows of the warehouse and refused unless every row has the
    registered model's score to 1e-6; then nothing is left behind. Beside it, FILE.json says
    what it is: version, SHA-256, columns and their types, base rate, metrics, packages.
    """  # noqa: D301 - click's mark for text that keeps its lines
    from ml.export.formats import FORMATS
    from ml.export.source import ExportError, read_source
    from ml.export.write import card_path, export

    try:
        with connections.opened(**where) as reader:
            source = read_source(reader, model_name, version)
        name = f"{model_name}-{source.row['version']}{FORMATS[kind].suffix}"
        path = out or Path("exports") / name
        card = export(source, kind, path)
    except (ExportError, connections.WarehouseError) as error:
        raise click.ClickException(str(error)) from error
    checked = card["checked"]
    click.echo(
        f"{path}\n{card_path(path)}\n"
        f"{model_name} {card['version']} ({card['decision']}), sha256 {card['sha256']}\n"
        f"{checked['rows']} rows of {checked['rows_from']} score the same "
        f"(largest difference {checked['max_difference']:.1e})"
    )
    if card["standing"] in {"retired", "kept"}:
        click.echo(f"It does not score in the warehouse any more: {card['standing_reason']}")
