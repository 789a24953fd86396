"""The `cdp` console script: one subcommand per capability, loaded only when it is called."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "activate": ("ml.activation.cli", "Let Census sync the audiences after a successful build."),
    "export-model": ("ml.export.cli", "Write a model version to a file, checked on real rows."),
    "serve": ("ml.serving.cli", "Score visitors while they browse: the API."),
    "report": ("ml.report.cli", "Write a page for people about each model version."),
    "simulate": ("ml.simulation.cli", "Write Snowplow-shaped events of a simulated site."),
}
SIGNALS_COMMANDS = {
    "delete": ("ml.signals.cli:delete", "Delete a model's service and attributes."),
    "diff": ("ml.signals.cli:diff", "Say what differs from what the champion needs."),
    "local": ("ml.signals.local.command", "Run a local stand-in of a collector and of Signals."),
    "publish": ("ml.signals.cli:publish", "Publish what the champion reads as attributes."),
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
        module, _, name = self.modules[cmd_name][0].partition(":")
        return getattr(importlib.import_module(module), name or "command")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        texts = {name: text for name, (_, text) in self.modules.items()}
        texts |= {name: group.get_short_help_str(80) for name, group in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(texts.items()))


main = _LazyGroup("cdp", COMMANDS, text="Conversion scoring on your own warehouse.")
click.version_option(package_name="cdp-propensity")(main)
main.add_command(
    _LazyGroup(
        "signals",
        SIGNALS_COMMANDS,
        text="""Attributes of Snowplow Signals, made of the features that a served model reads.

        Where Signals is, and who asks, is said by environment variables: SP_API_URL, SP_API_KEY,
        SP_API_KEY_ID and SP_ORG_ID; or, for a sandbox and the local stand-in, SP_SANDBOX_URL and
        SP_SANDBOX_TOKEN.
        """,
    )
)
