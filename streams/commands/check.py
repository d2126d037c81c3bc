"""`portalwatch check POLICY`: is this policy file fit to run, and if not, what would be right.

Every problem is said with file, line and path.  Status 0: accepted; 2: refused or unreadable.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson

from schemas.policy import Policy
from streams.core.policy_check import PolicyError, Problem, load

ACCEPTED, REFUSED = 0, 2


def check(path: str, json_output: bool) -> int:
    """Say whether the policy file at `path` is accepted; gives the status to exit with.

    For people the problems go to standard error, one a line as `FILE:LINE: PATH: MESSAGE`; as JSON
    everything goes to standard output: `{"ok": ..., "problems": [{file, line, path, message}]}`.
    """
    try:
        policy = read(path)
    except PolicyError as error:
        _say_refused(path, error, json_output)
        return REFUSED
    click.echo(_json(path, []) if json_output else f"{path}: ok: {summary(policy)}")
    return ACCEPTED


def read(path: str) -> Policy:
    """The policy of a file.

    Raises PolicyError, for a file that can not be read too.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        message = f"can not be read: {error.strerror or error}; give the path of a policy file"
        raise PolicyError(path, [Problem(1, "(file)", message)]) from error
    return load(text, path)


def summary(policy: Policy) -> str:
    """The version and how much there is, in one line."""
    counts = (
        ("calendar", len(policy.calendars)),
        ("department", len(policy.departments)),
        ("clock", len(policy.clocks)),
    )
    said = [f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts]
    return f"version {policy.version}, {', '.join(said)}"


def _say_refused(path: str, error: PolicyError, json_output: bool) -> None:
    if json_output:
        click.echo(_json(path, error.problems))
    else:
        click.echo(str(error), err=True)


def _json(path: str, problems: list[Problem]) -> str:
    said = [{"file": path, "line": p.line, "path": p.path, "message": p.message} for p in problems]
    return orjson.dumps({"ok": not problems, "problems": said}).decode()


@click.command("check")
@click.argument("policy", type=str)
@click.option("--json", "json_output", is_flag=True, help="Say it as JSON on standard output.")
def command(policy: str, json_output: bool) -> None:
    """Check a policy file: say that it is fit to run, or all that is wrong with it, line by line."""
    sys.exit(check(policy, json_output))
