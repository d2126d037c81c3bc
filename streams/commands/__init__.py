"""The command line (contract section 9): `portalwatch COMMAND`.

Exit status: 0 good, 1 a finding, 2 wrong use.  Each command's module is loaded when it is called, so a light command
starts fast.
"""

from __future__ import annotations

import importlib
import sys

import click

COMMANDS = {
    "backtest": "Judge a recorded log of events by a policy.",
    "check": "Check a policy file: what it says, what is wrong, what is odd.",
    "deadletters": "List the events that were refused, or send them back.",
    "diff": "Say what a new policy changes, and for whom.",
    "deliver": "Print what the sinks would be sent now (--dry-run).",
    "demo": "See it work: an embedded broker, a simulated portal, a worker, a board in the terminal.",
    "explain": "Explain when a piece of work would be due, and who is told when.",
    "policy": "Put a policy into force, or show the one that is.",
    "report": "Report how each department kept its benchmarks, for a month or any days.",
    "schemas": "Print the schemas of events, alerts and the policy file, and the AsyncAPI document.",
    "simulate": "Simulate a portal: publish its events, or print them.",
    "topics": "List the topics, and compare or create them.",
    "why": "Say why somebody was told of an item, or was not.",
    "worker": "Run a worker.",
}


class Lazy(click.Group):
    """A group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's form
        """All names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's form
        """The command of that name, its module loaded."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"streams.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="portalwatch")
def main() -> None:
    """Portalwatch: tells the right people before a patient's portal request is left unanswered too long."""


def fail(message: str) -> None:
    """Wrong use: say what would be right, and end with status 2."""
    click.echo(message, err=True)
    sys.exit(2)
