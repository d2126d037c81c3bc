"""The sinks' file: typed, secrets named and never shown, what is wrong told by its place and by what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import settings
from streams.app import create
from streams.delivery import sinks
from streams.delivery.sinks import Secret, SinksFile, load
from streams.settings import SettingsError

ALERTMANAGER = '[alertmanager.clinic]\nurls = ["http://am-0:9093/", "https://am-1/prefix"]\n'
WHOLE = (
    ALERTMANAGER
    + """
username = "portalwatch"
password = {file = "secrets/am"}
resend = "30 seconds"
ends_after = "2 minutes"
names = ["nurse-*"]

[apprise.people]
detail = "full"
[apprise.people.recipients]
pool-a = {env = "POOL_A"}
dr-lee = [{env = "DR_LEE"}, {file = "secrets/sms"}]
"*" = {file = "secrets/desk"}

[webhook.warehouse]
url = "https://warehouse.example.org/alerts"
secret = {file = "secrets/hook"}
mode = "binary"
timeout = 2.5
"""
)
ENVIRON = {"POOL_A": "json://a", "DR_LEE": "json://lee"}


def written(folder: Path, text: str) -> Path:
    path = folder / "sinks.toml"
    path.write_text(text)
    return path


@pytest.fixture
def whole(tmp_path: Path) -> SinksFile:
    (tmp_path / "secrets").mkdir()
    for name in ("am", "sms", "desk", "hook"):
        (tmp_path / "secrets" / name).write_text(f"secret-{name}\n")
    return load(written(tmp_path, WHOLE), ENVIRON)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(written(folder, text), {"SET": "json://set"})
    path, _, said = str(caught.value).partition(": ")
    assert path == str(folder / "sinks.toml")
    return said


def test_no_file_is_no_sink() -> None:
    assert list(load(None).sinks) == []


def test_a_whole_file(whole: SinksFile) -> None:
    assert whole.sinks.names == ["clinic", "people", "warehouse"]
    clinic = whole.sinks.alertmanager["clinic"]
    assert clinic.urls == ("http://am-0:9093", "https://am-1/prefix")
    assert [float(s) for s in (clinic.resend, clinic.ends_after, clinic.resolved_for, clinic.timeout)] == [
        30, 120, 900, 10,
    ]  # fmt: skip
    assert (clinic.detail, clinic.names, clinic.token) == ("minimal", ("nurse-*",), None)
    assert whole.sinks.apprise["people"].detail == "full"
    assert (whole.sinks.webhook["warehouse"].mode, whole.sinks.webhook["warehouse"].timeout) == ("binary", 2.5)


def test_secrets_are_read_with_the_file_and_never_shown(whole: SinksFile) -> None:
    clinic, people = whole.sinks.alertmanager["clinic"], whole.sinks.apprise["people"]
    assert clinic.password is not None
    assert whole.reveal(clinic.password) == "secret-am"
    assert whole.reveal(Secret(env="DR_LEE")) == "json://lee"
    assert whole.reveal(Secret(file="secrets/sms")) == "secret-sms"
    shown = repr(whole.sinks) + repr(vars(whole)) + str(people) + repr(sinks.Hidden("secret-x"))
    assert "secret-" not in shown
    assert "json://" not in shown


def test_the_defaults_are_the_contracts(tmp_path: Path) -> None:
    clinic = load(written(tmp_path, ALERTMANAGER)).sinks.alertmanager["clinic"]
    assert [float(each) for each in (clinic.resend, clinic.ends_after, clinic.resolved_for)] == [60, 300, 900]
    assert clinic.detail == "minimal"
    assert clinic.links_to("http://worker-1:6066") == "http://worker-1:6066"


A = "[alertmanager.a]\n"
B = '[alertmanager.b]\nurls = ["http://b"]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (B + A, "Object missing required field `urls` - at $.alertmanager.a"),
        (B + A + "urls = []", "Expected `array` of length >= 1 - at $.alertmanager.a.urls"),
        (
            B + A + 'urls = ["http://x", "ftp://x"]',
            "as in `https://alerts.example.org`, without user, password or query - at $.alertmanager.a.urls[1]",
        ),
        (B + A + 'urls = ["http://u:hush@x"]', "without user, password or query - at $.alertmanager.a.urls[0]"),
        (B + A + 'urls = ["http://x"]\nresend = "soon"', "0.001 to 86400 seconds"),
        (B + A + 'urls = ["http://x"]\nresend = [1]', "give a text - at $.alertmanager.a.resend"),
        (B + A + 'urls = ["http://x"]\nresend = 100\nends_after = 299', "three times `resend`"),
        (B + A + 'urls = ["http://x"]\nusername = "u"', "`username` and `password` belong together"),
        (
            B + A + 'urls = ["http://x"]\nusername = "u"\npassword = {env = "P"}\ntoken = {env = "T"}',
            "give `username` and `password`, or `token` - at $.alertmanager.a",
        ),
        (
            B + A + 'url = "http://x"',
            "`resend`, `resolved_for`, `timeout`, `token`, `urls`, `username` - at $.alertmanager.a",
        ),
        (
            B + A + 'urls = ["http://x"]\ndetail = "all"',
            "Invalid enum value 'all'; it is `full` or `minimal` - at $.alertmanager.a.detail",
        ),
        (
            '[webhook.ok]\nurl = "http://x"\n[webhook.a]\nurl = "http://x"\nmode = "csv"',
            "Invalid enum value 'csv'; it is `binary` or `structured` - at $.webhook.a.mode",
        ),
        (
            B + A + 'urls = ["http://x"]\nca_file = "none.pem"',
            "/none.pem' - at $.alertmanager.a.ca_file",
        ),
        ('[webhook.a]\nurl = "http://x"\n[alertmanager.a]\nurls = ["http://x"]', "a: two sinks of one name"),
        ('[webhook.ok]\nurl = "http://x"\n[webhook."a b"]\nurl = "http://x"', ' - at $.webhook."a b"'),
        ('[webhook.a]\nurl = "http://x"\nin_flight = 0', "Expected `int` >= 1 - at $.webhook.a.in_flight"),
        (
            '[apprise.a.recipients]\nok = {env = "X"}\n"*" = "json://hush"',
            'got `str`; a secret is {file = "..."} or {env = "..."} - at $.apprise.a.recipients."*"',
        ),
        (
            '[apprise.a.recipients]\nok = {env = "X"}\nlee = [{env = "X"}, {env = "X", file = "y"}]',
            'give {file = "..."} or {env = "..."} - at $.apprise.a.recipients.lee[1]',
        ),
        ('[apprise.a.recipients]\nok = {env = "X"}', "X: is not set in the environment - at $.apprise.a.recipients.ok"),
        (
            '[apprise.a.recipients]\nlee = [{env = "SET"}, {env = "X"}]',
            "X: is not set in the environment - at $.apprise.a.recipients.lee[1]",
        ),
        ("[apprise.a]\nrecipients = {}", "Expected `object` of length >= 1 - at $.apprise.a.recipients"),
        ('[apprise.a.recipients]\nok = {env = "SET"}\nlee = []', "of length >= 1 - at $.apprise.a.recipients.lee"),
        (
            '[webhook.a]\nurl = "http://x"\ntoken = {file = "~nosuchuser/x"}',
            "a home folder that exists, not '~nosuchuser/x' - at $.webhook.a.token",
        ),
        (B + A + 'urls = ["http://x"]\nca_file = "~nosuchuser/x"', "'~nosuchuser/x' - at $.alertmanager.a.ca_file"),
        (
            '[apprise.a]\ntemplates = "~nosuchuser"\n[apprise.a.recipients]\nok = {env = "SET"}',
            "'~nosuchuser' - at $.apprise.a.templates",
        ),
        ('[webhook.a]\nurl = "http://x"\ntoken = {file = "a\\u0000"}', " - at $.webhook.a.token"),
        ("[mail.a]\n", "Object contains unknown field `mail`; it has `alertmanager`, `apprise`, `webhook`"),
        ("[alertmanager.a\n", "is not TOML"),
    ],
)
def test_what_is_wrong_and_where(tmp_path: Path, text: str, said: str) -> None:
    found = refused(tmp_path, text)
    assert said in found
    assert "hush" not in found
    assert "[...]" not in found


def test_a_missing_secret_stops_the_start(tmp_path: Path) -> None:
    text = '[webhook.a]\nurl = "http://x"\nsecret = {file = "none"}'
    assert (
        refused(tmp_path, text) == f"{tmp_path}/none: cannot be read: No such file or directory - at $.webhook.a.secret"
    )


CONTROLLED = ["hush\nhush", "hush\r\nX: y", "hush\x00", "\thush", "hush\x7f", "hush\x85hush", "\n"]


@pytest.mark.parametrize("secret", [*CONTROLLED, "hush\udcff"])
def test_a_secret_is_one_line_wherever_it_stands(tmp_path: Path, secret: str) -> None:
    path = written(tmp_path, '[webhook.a]\nurl = "http://x"\ntoken = {env = "TOKEN"}')
    with pytest.raises(SettingsError) as caught:
        load(path, {"TOKEN": secret})
    assert str(caught.value).startswith(f"{path}: TOKEN: has to hold the secret on one line, and nothing else")
    assert str(caught.value).endswith(" - at $.webhook.a.token")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("secret", CONTROLLED)
def test_a_secrets_file_holds_one_line(tmp_path: Path, secret: str) -> None:
    (tmp_path / "token").write_bytes(secret.encode())
    said = refused(tmp_path, '[webhook.a]\nurl = "http://x"\ntoken = {file = "token"}')
    assert said.startswith(f"{tmp_path / 'token'}: has to hold the secret on one line, and nothing else")
    assert said.endswith(" - at $.webhook.a.token")
    assert "hush" not in said


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_end_of_a_line_is_no_part_of_a_secret(tmp_path: Path, end: str) -> None:
    (tmp_path / "token").write_bytes(b"Kaf\xc3\xa9 1" + end.encode())
    text = '[webhook.a]\nurl = "http://x"\ntoken = {env = "TOKEN"}\nsecret = {file = "token"}'
    file = load(written(tmp_path, text), {"TOKEN": "Kafé 1" + end})
    assert [file.reveal(Secret(env="TOKEN")), file.reveal(Secret(file="token"))] == ["Kafé 1"] * 2


MADE = {
    "[apprise.p.recipients]\n'*' = {file = 'one'}": 'is no URL of Apprise - at $.apprise.p.recipients."*"',
    "[apprise.p]\ntemplates = 'nowhere'\n[apprise.p.recipients]\n'*' = {env = 'APPRISE'}": "is no folder",
    "[webhook.w]\nurl = 'http://h/x'\nsecret = {file = 'one'}": "base64 - at $.webhook.w.secret",
    "[webhook.w]\nurl = 'http://h/x'\nca_file = 'one'": "holds no PEM certificate",
    "[alertmanager.a]\nurls = ['http://h']\nca_file = 'one'": "holds no PEM certificate",
}


@pytest.mark.parametrize("text", MADE)
def test_what_is_found_when_sinks_are_made_is_said_with_the_file(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").write_text("hush hush\n")
    monkeypatch.setenv("APPRISE", "json://127.0.0.1/x")
    given = settings.load({"PORTALWATCH_SINKS": str(written(tmp_path, text))}, None)
    with pytest.raises(SettingsError) as caught:
        create(given)
    assert str(caught.value).startswith(f"{tmp_path / 'sinks.toml'}: ")
    assert MADE[text] in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_sink_that_waits_when_a_partition_goes_keeps_the_watch_from_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, "[alertmanager.a]\nurls = ['http://h']")
    app = create(settings.load({"PORTALWATCH_SINKS": str(file)}, None))
    first, *others = app.lanes._on_released
    assert first == app.watch.released
    assert [each.__qualname__ for each in others] == ["AlertmanagerTeller._released"]


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "sinks.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"sinks\.toml: is not TOML: it has to be UTF-8"):
        load(tmp_path / "sinks.toml", {})
