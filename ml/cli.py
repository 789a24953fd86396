"""The `cdp` console script: one subcommand per capability, loaded only when it is called."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "activate": ("ml.activation.cli", "Let Census sync the audiences after a successful build."),
    "export-model": ("ml.export.cli", "Write a model version to a file, checked on real rows."),
    "report": ("ml.report.cli", "Write a page for people about each model version."),
    "signals": ("ml.signals.cli", "Publish what a served model reads to Snowplow Signals."),
    "simulate": ("ml.simulation.cli", "Write Snowplow-shaped events of a simulated site."),
}
SIGNALS_COMMANDS = {
    "local": ("ml.signals.local.command", "Run a local stand-in of a collector and of Signals."),
}


class _LazyGroup(click.Group):
    """A group that imports a subcommand's module when that subcommand runs."""

    def __init__(self, name: str, modules: dict[str, tuple[str, str]], text: str) -> None:
        super().__init__(name, help=text)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.modules, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return super().get_command(ctx, cmd_name)
        return importlib.import_module(self.modules[cmd_name][0]).command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        texts = {name: text for name, (_, text) in self.modules.items()}
        texts |= {name: group.get_short_help_str(80) for name, group in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(texts.items()))


main = _LazyGroup("cdp", COMMANDS, text="Conversion scoring on your own warehouse.")
click.version_option(package_name="cdp-propensity")(main)
main.add_command(_LazyGroup("signals", SIGNALS_COMMANDS, text="Attributes of Snowplow Signals."))
