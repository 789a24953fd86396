"""The `cdp` console script: one subcommand per capability, loaded only when it is called."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "activate": ("ml.activation.cli", "Let Census sync the audiences after a successful build."),
    "export-model": ("ml.export.cli", "Write a model version to a file, checked on real rows."),
    "report": ("ml.report.cli", "Write a page for people about each model version."),
    "simulate": ("ml.simulation.cli", "Write Snowplow-shaped events of a simulated site."),
}


class _LazyGroup(click.Group):
    """A group that imports a subcommand's module when that subcommand runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(COMMANDS[cmd_name][0]).command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(COMMANDS.items())])


@click.group(cls=_LazyGroup)
@click.version_option(package_name="cdp-propensity")
def main() -> None:
    """Conversion scoring on your own warehouse."""
