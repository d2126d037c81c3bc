"""The settings of section 12: read from two places, typed, and refused by name with what would be right."""

from __future__ import annotations

import dataclasses
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import REAL
from streams.connection import client_options
from streams.settings import Settings, SettingsError, load, secret

CONTRACT = (
    """
    BROKER APP_ID PREFIX PARTITIONS REPLICATION POLICY DATADIR WEB_HOST WEB_PORT WEB_URL METRICS_HOST METRICS_PORT
    SESSION_TIMEOUT INSTANCE_ID TICK STALL_TIMEOUT SECURITY_PROTOCOL SASL_MECHANISM SASL_USERNAME SASL_PASSWORD_FILE
    SSL_CAFILE TOKENS PROXY_HEADER TRUSTED_PROXIES SINKS MAX_EVENT_BYTES CLOCK LOG LOG_LEVEL
    """
).split()


def written(path: Path, text: str = "x") -> Path:
    path.write_text(text)
    return path


def env(**values: str) -> Settings:
    return load({f"PORTALWATCH_{name}": value for name, value in values.items()})


def refused(**values: str) -> str:
    with pytest.raises(SettingsError) as caught:
        env(**values)
    return str(caught.value)


def outcome(name: str, text: str) -> str:
    """What is said of a value; nothing if it is taken."""
    try:
        env(**{name: text})
    except SettingsError as error:
        return str(error)
    return ""


def test_the_settings_are_those_of_the_contract_in_its_order() -> None:
    assert [field.name.upper() for field in dataclasses.fields(Settings)] == CONTRACT


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    settings = load({})
    assert settings == Settings()
    expected: dict[str, Any] = {
        "broker": ("kafka://127.0.0.1:9092",), "bootstrap": ["127.0.0.1:9092"], "app_id": "portalwatch",
        "prefix": "portal", "partitions": 4, "replication": 1, "policy": None,
        "datadir": Path("/var/state/portalwatch"),
        "web_host": "127.0.0.1", "web_port": 6066, "advertised_url": "http://127.0.0.1:6066",
        "metrics_host": "127.0.0.1", "metrics_port": 9464, "session_timeout": 10.0, "instance_id": None, "tick": 0.25,
        "stall_timeout": 60.0, "security_protocol": "PLAINTEXT", "trusted_proxies": (), "max_event_bytes": 1048576,
        "clock": REAL, "log": "text", "log_level": "INFO",
    }  # fmt: skip
    assert {name: getattr(settings, name) for name in expected} == expected


def test_without_a_state_folder_it_is_the_home_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/watch")
    assert load({}).datadir == Path("/home/watch/.local/state/portalwatch")

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(SettingsError, match="PORTALWATCH_DATADIR: is missing"):
        load({})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("broker", "a:9093,kafka://b , kafka://[::1]:1", ("kafka://a:9093", "kafka://b:9092", "kafka://[::1]:1")),
        ("partitions", "12", 12),
        ("session_timeout", "6", 6.0),
        ("session_timeout", "30 seconds", 30.0),
        ("stall_timeout", "2 minutes", 120.0),
        ("tick", "50ms", 0.05),
        ("tick", "0.1s", 0.1),
        ("security_protocol", "ssl", "SSL"),
        ("log", "JSON", "json"),
        ("log_level", "debug", "DEBUG"),
        ("web_url", "https://watch.clinic.example/", "https://watch.clinic.example"),
        ("instance_id", "worker-1", "worker-1"),
        ("sasl_username", "", None),
    ],
)
def test_a_value_is_typed(name: str, text: str, value: object) -> None:
    assert getattr(env(**{name.upper(): text}), name) == value


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("BROKER", "http://a:9092", "give `kafka://HOST:PORT`"),
        ("BROKER", "a,,b", "with a host"),
        ("BROKER", "a:99999", "a port from 0 to 65535"),
        ("APP_ID", "port al", "give 1 to 200 of"),
        ("PREFIX", "..", "give 1 to 200 of"),
        ("PARTITIONS", "0", "give a whole number from 1 to 10000, not '0'"),
        ("PARTITIONS", "four", "give a whole number"),
        ("PARTITIONS", "²", "give a whole number"),
        ("REPLICATION", "-1", "give a whole number"),
        ("WEB_PORT", "65536", "from 1 to 65535"),
        ("WEB_HOST", "not a host", "give a host name"),
        ("WEB_URL", "watch.example", "give a URL as in"),
        ("WEB_URL", "http://", "give a URL with a host"),
        ("SESSION_TIMEOUT", "0.5", "give 1 to 1800 seconds"),
        ("TICK", "1 hour", "give 0.01 to 60 seconds"),
        ("TICK", "nan", "give 0.01 to 60 seconds"),
        ("POLICY", "/nowhere/policy.yaml", "give a file that exists; there is none at '/nowhere/policy.yaml'"),
        ("POLICY", "~nobody-here/policy.yaml", "give a path with a home folder that exists"),
        ("TOKENS", "x" * 300, "give a path that can be reached"),
        ("DATADIR", __file__, "give a folder"),
        ("SECURITY_PROTOCOL", "TLS", "give one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
        ("SASL_MECHANISM", "GSSAPI", "give one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
        ("PROXY_HEADER", "X User", "give the name of a header"),
        ("TRUSTED_PROXIES", "10.0.0.0/99", "give addresses or networks"),
        ("MAX_EVENT_BYTES", "1MiB", "give a whole number from 1024 to 15728640"),
        ("CLOCK", "2026-11-02T08:00:00@480", "the start has no offset"),
        ("LOG", "xml", "give one of text, json"),
        ("LOG_LEVEL", "LOUD", "give one of DEBUG, INFO"),
    ],
)
def test_a_malformed_value_is_refused_by_name_with_what_would_be_right(name: str, text: str, right: str) -> None:
    message = refused(**{name: text})
    assert message.startswith(f"PORTALWATCH_{name}: ")
    assert right in message


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    assert refused(PARTITONS="4") == "PORTALWATCH_PARTITONS: unknown; did you mean PORTALWATCH_PARTITIONS?"
    assert "known are PORTALWATCH_BROKER, " in refused(QQQ="4")


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert len(refused(PARTITONS="4", WEB_PORT="x", LOG="xml").splitlines()) == 3


def test_other_variables_and_those_of_the_tests_are_no_business_of_ours() -> None:
    given = {"PATH": "/bin", "PORTALWATCH": "x", "PORTALWATCH_TEST_CACHE": "/cache"}
    assert load(given) == load({})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path / "s.toml", 'prefix = "clinic"\npartitions = 8\ntick = 0.5\nbroker = ["a", "b:1"]\n')
    settings = load({"PORTALWATCH_PARTITIONS": "16", "PORTALWATCH_PREFIX": ""}, file)
    assert (settings.prefix, settings.partitions, settings.tick) == ("clinic", 16, 0.5)
    assert settings.bootstrap == ["a:9092", "b:1"]


def test_a_relative_path_in_the_file_counts_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "policy.yaml")
    file = written(tmp_path / "s.toml", 'policy = "policy.yaml"\ndatadir = "/var/portalwatch"\n')
    monkeypatch.chdir("/")
    settings = load({}, file)
    assert (settings.policy, settings.datadir) == (tmp_path / "policy.yaml", Path("/var/portalwatch"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("partitons = 4", "s.toml: partitons: unknown; did you mean partitions?"),
        ("PARTITIONS = 4", "s.toml: PARTITIONS: unknown; did you mean partitions?"),
        ("partitions = true", "s.toml: partitions: give a text, a number or a list of texts"),
        ("partitions = 4.5", "s.toml: partitions: give a whole number"),
        ("broker = []", "s.toml: broker: give a text"),
        ("[web]\nport = 1", "s.toml: web: "),
        ('policy = "~nobody-here/x"', "s.toml: policy: give a path with a home folder"),
        ("partitions = ", "s.toml: is not TOML"),
    ],
)
def test_the_file_is_refused_by_name_too(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({}, written(tmp_path / "s.toml", text))
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load({}, tmp_path / "none.toml")


def test_contradictions_are_refused(tmp_path: Path) -> None:
    pem = str(written(tmp_path / "ca.pem"))
    assert "PORTALWATCH_SASL_USERNAME: is missing; SASL_SSL needs it" in refused(SECURITY_PROTOCOL="SASL_SSL")
    assert "PORTALWATCH_SASL_USERNAME: has no effect" in refused(SASL_USERNAME="watch")
    assert "PORTALWATCH_SSL_CAFILE: has no effect" in refused(SSL_CAFILE=pem)
    assert "PORTALWATCH_TRUSTED_PROXIES: is missing" in refused(PROXY_HEADER="X-User")
    assert "PORTALWATCH_PROXY_HEADER: is missing" in refused(TRUSTED_PROXIES="10.0.0.7")
    with pytest.raises(SettingsError, match="SSL_CAFILE"):
        Settings(ssl_cafile=Path(pem))


def test_without_an_identity_the_server_listens_on_loopback_only(tmp_path: Path) -> None:
    tokens = str(written(tmp_path / "tokens.toml"))
    assert env(WEB_HOST="0.0.0.0").web_bind == "127.0.0.1"
    assert env(WEB_HOST="::1").web_bind == "::1"
    assert env(WEB_HOST="localhost").web_bind == "localhost"
    assert env(WEB_HOST="0.0.0.0", TOKENS=tokens).web_bind == "0.0.0.0"
    proxied = env(WEB_HOST="worker-1", PROXY_HEADER="X-User", TRUSTED_PROXIES="10.0.0.7, 10.1.0.0/16")
    assert proxied.web_bind == "worker-1"
    assert [str(network) for network in proxied.trusted_proxies] == ["10.0.0.7/32", "10.1.0.0/16"]


def test_the_advertised_url_is_one_that_others_can_reach(tmp_path: Path) -> None:
    tokens = str(written(tmp_path / "tokens.toml"))
    assert env(WEB_URL="http://w:1").advertised_url == "http://w:1"
    assert env(WEB_HOST="::1", WEB_PORT="80").advertised_url == "http://[::1]:80"
    assert env(WEB_HOST="0.0.0.0", TOKENS=tokens).advertised_url == f"http://{socket.gethostname()}:6066"


def test_a_secret_is_read_from_its_file_and_shown_nowhere(tmp_path: Path) -> None:
    file = written(tmp_path / "password", "s3cret\n")
    settings = env(
        SECURITY_PROTOCOL="SASL_PLAINTEXT", SASL_MECHANISM="PLAIN", SASL_USERNAME="watch", SASL_PASSWORD_FILE=str(file)
    )
    assert secret(file) == "s3cret"
    assert "s3cret" not in repr(settings)
    assert client_options(settings) == {
        "bootstrap_servers": ["127.0.0.1:9092"], "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "watch", "sasl_plain_password": "s3cret",
    }  # fmt: skip


def test_a_secret_given_as_a_value_is_refused_and_not_repeated() -> None:
    assert "s3cret" not in refused(SASL_PASSWORD="s3cret")
    assert "did you mean PORTALWATCH_SASL_PASSWORD_FILE?" in refused(SASL_PASSWORD="s3cret")
    assert "s3cret" not in refused(BROKER="kafka://watch:s3cret@broker:9092")


@pytest.mark.parametrize("content", ["", "\n", "one\ntwo\n"])
def test_a_file_without_one_secret_is_an_error(tmp_path: Path, content: str) -> None:
    with pytest.raises(SettingsError, match="has to hold the secret on one line"):
        secret(written(tmp_path / "password", content))
    with pytest.raises(SettingsError, match="cannot be read: No such file or directory"):
        secret(tmp_path / "none")


def test_tls_trusts_the_system_or_the_file(tmp_path: Path) -> None:
    assert client_options(env(SECURITY_PROTOCOL="SSL"))["ssl_context"].check_hostname
    wrong = env(SECURITY_PROTOCOL="SSL", SSL_CAFILE=str(written(tmp_path / "ca.pem", "no certificate")))
    with pytest.raises(SettingsError, match=r"PORTALWATCH_SSL_CAFILE: .* holds no PEM certificate"):
        client_options(wrong)


@given(st.sampled_from(CONTRACT), st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_any_text_is_a_value_or_a_clear_refusal(name: str, text: str) -> None:
    lines = outcome(name, text).splitlines()
    assert [line for line in lines if not line.startswith("PORTALWATCH_")] == []
