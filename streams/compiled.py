"""The core as machine code: `python -m streams.compiled` compiles it, `--remove` goes back to Python, `--check` tells.

Theory of operation. The core is pure and fully typed, so mypyc makes extension modules of the very same source, and
Python loads those that lie beside a source instead of it. Nothing depends on them: without a compiler, or on another
machine, it is Python that runs, and the tests are the same. What msgspec reads stays Python, since it needs the
annotations of its classes, which compiling takes away.

Machine code that is older than its source would judge by rules of yesterday. So what was compiled is written down by
hash beside it, and a worker does not start on a core that is stale. Compiling needs mypy, setuptools and a C compiler.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

import click

ROOT: Final = Path(__file__).parent.parent
CORE: Final = "streams/core"
GROUP: Final = "streams.core.compiled"
"""The extension that holds the code; the others lead to it."""
MANIFEST: Final = f"{CORE}/compiled.json"
MORE: Final = (
    "schemas/instants.py", "schemas/events.py", "schemas/policy.py", "streams/runtime/slices.py", "streams/intake.py",
    "streams/tally.py",
)  # fmt: skip
SUFFIX: Final = sysconfig.get_config_var("EXT_SUFFIX") or ".so"
PYTHON, COMPILED = "Python", "compiled"
_STAYS: Final = re.compile(r"\(msgspec\.Struct")
"""What only Python can hold: classes that msgspec reads."""
ELSEWHERE: Final = frozenset({"routing.py", "__init__.py"})
"""A tuple that msgspec reads; the package itself."""


class StaleError(RuntimeError):
    """The core was compiled from another source than the one at hand. `plain`: the message says all."""

    plain = True


def sources(root: Path = ROOT) -> list[str]:
    """The modules that are compiled, as paths from the root."""
    found = sorted((root / CORE).glob("*.py"))
    chosen = [each for each in found if each.name not in ELSEWHERE and not _STAYS.search(each.read_text())]
    return [*(each.relative_to(root).as_posix() for each in chosen), *MORE]


def state(root: Path = ROOT) -> str:
    """`Python` or `compiled`: what is loaded. StaleError if it was compiled from another source."""
    made = _made(root)
    if not made:
        return PYTHON
    try:
        known = json.loads((root / MANIFEST).read_text())
    except (OSError, ValueError):
        known = {}
    if known != _hashes(root):
        raise StaleError(
            f"the compiled core in {root / CORE} is not that of its source: compile it again with "
            "`python -m streams.compiled`, or go back to Python with `python -m streams.compiled --remove`"
        )
    return COMPILED


def remove(root: Path = ROOT) -> None:
    """Go back to Python."""
    for each in (*_made(root), root / MANIFEST):
        each.unlink(missing_ok=True)


def compile_core(root: Path = ROOT, optimise: int = 3) -> int:
    """Compile the core where it lies; how many modules. SystemExit, with the compiler's words, if it cannot be.

    Args:
        optimise: the C compiler's level, 0 (soon done) to 3 (fast).
    """
    from mypyc.build import mypycify  # noqa: PLC0415 - nobody who runs needs it
    from setuptools import Distribution  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    remove(root)
    chosen = sources(root)
    options = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent", "--explicit-package-bases"]
    with tempfile.TemporaryDirectory() as made, contextlib.chdir(root):
        extensions = mypycify(
            [*options, *chosen], group_name=GROUP, target_dir=made, debug_level="0", opt_level=str(optimise)
        )
        command = Distribution({"name": "core", "ext_modules": extensions}).get_command_obj("build_ext")
        command.inplace, command.build_temp, command.build_lib = True, made, made
        command.ensure_finalized()
        command.run()
    (root / MANIFEST).write_text(json.dumps(_hashes(root), indent=1))
    return len(chosen)


def _made(root: Path) -> list[Path]:
    """The extension modules that are there."""
    folders = {root / CORE, *((root / each).parent for each in MORE)}
    return [each for folder in sorted(folders) for each in folder.glob(f"*{SUFFIX}")]


def _hashes(root: Path) -> dict[str, str]:
    """Of all that the code was made from: what stays Python has constants that went into it."""
    made_from = {each for folder in (CORE, "schemas") for each in (root / folder).rglob("*.py")}
    made_from |= {root / each for each in MORE}
    return {
        each.relative_to(root).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest() for each in sorted(made_from)
    }


@click.command(help="Compile the core with mypyc.")
@click.option("--check", is_flag=True, help="Say what is loaded; status 1 if it is stale.")
@click.option("--remove", "removes", is_flag=True, help="Go back to Python.")
@click.option("--optimise", type=click.IntRange(0, 3), default=3, help="0: soon compiled; 3: fast (default).")
def main(*, check: bool, removes: bool, optimise: int) -> None:
    """The command line."""
    if check and removes:
        raise click.UsageError("give --check or --remove, not both")
    if removes:
        remove()
    elif not check:
        click.echo(f"{compile_core(optimise=optimise)} modules compiled")
    try:
        click.echo(f"the core is {state()}")
    except StaleError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m streams.compiled")
