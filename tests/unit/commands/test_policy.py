"""`portalwatch policy` where no broker is needed: wrong use, and a broker that does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.commands.policy import command
from tests.child import free_port
from tests.unit.schemas.policies import POLICY


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(command, list(arguments))


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return str(path)


def test_help_names_both() -> None:
    said = run("--help").stdout
    assert "apply" in said
    assert "show" in said
    assert "--by NAME" in run("apply", "--help").stdout


def test_wrong_use(file: str, tmp_path: Path) -> None:
    missing = run("apply", str(tmp_path / "none.yaml"))
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr.startswith(f"{tmp_path}/none.yaml: can not be read: No such file")
    nameless = run("apply", file, "--by", " ")
    assert (nameless.exit_code, nameless.stderr) == (2, "--by: is empty; give a name\n")
    unknown = run("apply", file, PORTALWATCH_PARTITION="3")
    assert unknown.exit_code == 2
    assert "did you mean PORTALWATCH_PARTITIONS?" in unknown.stderr
    assert run("apply").exit_code == 2


@pytest.mark.parametrize("arguments", [["show"], ["apply"]])
def test_a_broker_that_does_not_answer(file: str, arguments: list[str]) -> None:
    url = f"kafka://127.0.0.1:{free_port()}"
    result = run(*arguments, *([file] if arguments == ["apply"] else []), PORTALWATCH_BROKER=url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{url}: the broker cannot be asked: ")


def test_a_certificate_that_is_none(file: str) -> None:
    environment = {"PORTALWATCH_SECURITY_PROTOCOL": "SSL", "PORTALWATCH_SSL_CAFILE": file}
    result = run("show", **environment)
    assert result.exit_code == 2
    assert "holds no PEM certificate" in result.stderr
