"""`portalwatch deadletters` where no broker is needed: wrong use, and a broker that does not answer."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from streams.commands.deadletters import command
from tests.child import free_port


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(command, list(arguments))


def test_help_says_what_is_not_printed_and_what_a_second_replay_does() -> None:
    assert "Keys, values and headers are never printed" in " ".join(run("list", "--help").stdout.split())
    said = " ".join(run("replay", "--help").stdout.split())
    assert "To replay twice is harmless" in said
    assert "`late` and `anchor_missing` letters are sent only if asked for" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("replay",), "say which: --reason, --topic, --since or --offset; or --all, alone\n"),
        (("replay", "--limit", "3"), "say which: "),
        (("replay", "--all", "--reason", "late"), "say which: "),
        (("replay", "--offset", "17"), "--offset: give PARTITION:OFFSET as `list` shows it, as in 0:17, not `17`\n"),
        (("replay", "--offset", "0:-1"), "--offset: give PARTITION:OFFSET"),
        (("list", "--topic", "portal.alerts"), "--topic: `portal.alerts` is no input; give one of portal.messages, "),
        (("list", "--since", "2026-11-10"), "--since: "),
        (("list", "--since", "2 business hours"), "--since: "),
        (("list", "--reason", "boredom"), "Usage: "),
        (("list", "--limit", "0"), "Usage: "),
        (("list", "--all"), "Usage: "),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], message: str) -> None:
    said = run(*arguments)
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr.startswith(message)


@pytest.mark.parametrize("arguments", [("list",), ("replay", "--all")])
def test_a_broker_that_does_not_answer(arguments: tuple[str, ...]) -> None:
    port = free_port()
    said = run(*arguments, PORTALWATCH_BROKER=f"kafka://127.0.0.1:{port}")
    assert (said.exit_code, said.stdout) == (1, "")
    assert f"127.0.0.1:{port}: the broker cannot be asked: " in said.stderr
