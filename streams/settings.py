"""The settings of contract section 12: one frozen, typed object, read once, handed to whoever needs it.

Theory of operation. Each field of `Settings` carries its reader and its default as one would write it, so the class is
the list of all settings. `load` gathers text from two places, the environment (`PORTALWATCH_WEB_PORT`) and a TOML file
(`web_port`); the environment wins. What it does not know or cannot read it refuses by name, all of it at once. An empty
environment variable counts as not set, as Compose and systemd write it. Names that begin with `PORTALWATCH_TEST_` are
the tests' own. A relative path in the file counts from the file's folder.

Secrets are never values here: a setting names a file, and `secret` reads it when it is needed.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import socket
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from streams import clock
from streams import settings_values as read

ENV_PREFIX = "PORTALWATCH_"
TEST_PREFIX = "PORTALWATCH_TEST_"
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOOPBACK = "127.0.0.1"


class SettingsError(ValueError):
    """Settings that cannot be used. The message has a line for each: its name, and what would be right."""


def _setting(reader: Callable[[str], Any], default: str | None = None, *, path: bool = False) -> Any:
    """A field with its reader. `default` is text, for the reader; None: the setting may be absent."""
    return field(default=None if default is None else reader(default), metadata={"read": reader, "path": path})


def _state_folder() -> Path:
    """`portalwatch` in the user's state folder (XDG). Not in the temporary folder: it is shared, and it is emptied."""
    try:
        return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "portalwatch"
    except RuntimeError:
        raise SettingsError("PORTALWATCH_DATADIR: is missing; without a home folder there is no default") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, typed. Durations are seconds, sizes bytes. SettingsError if two of them contradict each other."""

    broker: tuple[str, ...] = _setting(read.broker_list, "kafka://127.0.0.1:9092")
    app_id: str = _setting(read.name(200), "portalwatch")
    prefix: str = _setting(read.name(200), "portal")
    partitions: int = _setting(read.whole(1, 10_000), "4")
    """Of topics that are created."""
    replication: int = _setting(read.whole(1, 100), "1")
    """Of topics that are created."""
    policy: Path | None = _setting(read.file, path=True)
    """The policy file that a worker writes to an empty policy topic (R13)."""
    datadir: Path = field(default_factory=_state_folder, metadata={"read": read.folder, "path": True})
    """Default: `$XDG_STATE_HOME/portalwatch`, or `~/.local/state/portalwatch`."""
    web_host: str = _setting(read.host, LOOPBACK)
    """Where the server is asked to listen; `web_bind` is where it may."""
    web_port: int = _setting(read.whole(1, 65_535), "6066")
    web_url: str | None = _setting(read.web_url)
    """As other workers and browsers reach it; `advertised_url` has the default."""
    metrics_host: str = _setting(read.host, LOOPBACK)
    metrics_port: int = _setting(read.whole(1, 65_535), "9464")
    session_timeout: float = _setting(read.seconds(1, 1_800), "10 seconds")
    instance_id: str | None = _setting(read.name(249))
    """Static membership of the consumer group."""
    tick: float = _setting(read.seconds(0.01, 60), "0.25 seconds")
    stall_timeout: float = _setting(read.seconds(1, 86_400), "60 seconds")
    security_protocol: str = _setting(read.one_of(*PROTOCOLS), "PLAINTEXT")
    sasl_mechanism: str | None = _setting(read.one_of(*SASL_MECHANISMS))
    sasl_username: str | None = _setting(str)
    sasl_password_file: Path | None = _setting(read.file, path=True)
    ssl_cafile: Path | None = _setting(read.file, path=True)
    tokens: Path | None = _setting(read.file, path=True)
    """Bearer tokens of the HTTP interface, a TOML file."""
    proxy_header: str | None = _setting(read.header)
    """The header in which a trusted proxy names who asks."""
    trusted_proxies: tuple[read.Network, ...] = _setting(read.networks, "")
    sinks: Path | None = _setting(read.file, path=True)
    """Where people are told (section 11), a TOML file."""
    max_event_bytes: int = _setting(read.whole(1_024, 15 << 20), "1048576")
    clock: clock.Pace = _setting(clock.parse, "real")
    log: str = _setting(read.one_of("text", "json"), "text")
    log_level: str = _setting(read.one_of(*LOG_LEVELS), "INFO")

    def __post_init__(self) -> None:
        """SettingsError names what contradicts what."""
        if problems := list(_contradictions(self)):
            raise SettingsError("\n".join(problems))

    @property
    def bootstrap(self) -> list[str]:
        """The brokers as `HOST:PORT`."""
        return [url.removeprefix("kafka://") for url in self.broker]

    @property
    def has_identity(self) -> bool:
        """Whether it can be known who asks: by bearer tokens, or by a trusted proxy (section 10)."""
        return self.tokens is not None or self.proxy_header is not None

    @property
    def web_bind(self) -> str:
        """The address on which the server listens: `web_host`, but loopback while no identity is configured."""
        return self.web_host if self.has_identity or _is_loopback(self.web_host) else LOOPBACK

    @property
    def advertised_url(self) -> str:
        """`web_url`, or where it listens; for a server that listens everywhere, this machine's name."""
        if self.web_url is not None:
            return self.web_url
        host = socket.gethostname() if self.web_bind in ("0.0.0.0", "::") else self.web_bind  # noqa: S104 - compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.web_port}"


def load(environ: Mapping[str, str], path: Path | None = None) -> Settings:
    """Settings from the environment and, if given, a TOML file. SettingsError names every one that is wrong."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    known = {each.name: each for each in fields(Settings)}
    for said, name, text, base in [*_from_file(path, problems), *_from_environment(environ)]:
        if name not in known:
            problems.append(f"{said}: unknown{_nearest(name, said, list(known))}")
        elif text is not None:
            _take(values, known[name], said, text, base, problems)
    if problems:
        raise SettingsError("\n".join(problems))
    return Settings(**values)


Given = tuple[str, str, str | None, Path | None]
"""What to call it in a message, the field's name, the text (None: refused already), the folder of relative paths."""


def _from_environment(environ: Mapping[str, str]) -> Iterator[Given]:
    for variable, text in sorted(environ.items()):
        if variable.startswith(ENV_PREFIX) and not variable.startswith(TEST_PREFIX) and text:
            yield variable, variable.removeprefix(ENV_PREFIX).lower(), text, None


def _from_file(path: Path | None, problems: list[str]) -> Iterator[Given]:
    if path is None:
        return
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from error
    for name, value in table.items():
        said = f"{path}: {name}"
        text = _text(value)
        if text is None:
            problems.append(f"{said}: give a text, a number or a list of texts")
        yield said, name, text, path.absolute().parent


def _text(value: object) -> str | None:
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return ",".join(value)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    return None


def _take(
    values: dict[str, Any], known: Field[Any], said: str, text: str, base: Path | None, problems: list[str]
) -> None:
    """Read one text into `values`, or say in `problems` why not."""
    try:
        if base is not None and known.metadata["path"]:
            text = str(base / read.expanded(text))
        values[known.name] = known.metadata["read"](text)
    except ValueError as error:
        problems.append(f"{said}: {error}")


def _nearest(name: str, said: str, known: list[str]) -> str:
    """`; did you mean PORTALWATCH_POLICY?`, in the writing of the place; else all that there are."""
    upper = said.startswith(ENV_PREFIX)
    written = {each: ENV_PREFIX + each.upper() if upper else each for each in known}
    near = difflib.get_close_matches(name.lower().removeprefix(ENV_PREFIX.lower()), known, 1, 0.5)
    return f"; did you mean {written[near[0]]}?" if near else f"; known are {', '.join(written.values())}"


def _contradictions(given: Settings) -> Iterator[str]:
    sasl = given.security_protocol.startswith("SASL_")
    for name in ("sasl_mechanism", "sasl_username", "sasl_password_file"):
        if sasl and getattr(given, name) is None:
            yield f"PORTALWATCH_{name.upper()}: is missing; {given.security_protocol} needs it"
        if not sasl and getattr(given, name) is not None:
            yield f"PORTALWATCH_{name.upper()}: has no effect unless PORTALWATCH_SECURITY_PROTOCOL is SASL_SSL"
    if given.ssl_cafile is not None and not given.security_protocol.endswith("SSL"):
        yield "PORTALWATCH_SSL_CAFILE: has no effect unless PORTALWATCH_SECURITY_PROTOCOL is SSL or SASL_SSL"
    if given.proxy_header is not None and not given.trusted_proxies:
        yield "PORTALWATCH_TRUSTED_PROXIES: is missing; without it anybody could send PORTALWATCH_PROXY_HEADER"
    if given.trusted_proxies and given.proxy_header is None:
        yield "PORTALWATCH_PROXY_HEADER: is missing; it says in which header the trusted proxies name who asks"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def secret(path: Path) -> str:
    """The one line of a secret's file. SettingsError names the file, never what is in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: cannot be read: it is not UTF-8") from None
    return one_line(str(path), text)


def one_line(name: str, text: str) -> str:
    """The secret that a text holds, which may end a line. SettingsError has `name`, never what is in it.

    A header takes no control character, nor what stands for a byte that was no UTF-8.
    """
    text = text.rstrip("\r\n")
    if not text or any(unicodedata.category(each) in ("Cc", "Cs") for each in text):
        raise SettingsError(f"{name}: has to hold the secret on one line, and nothing else: no control character")
    return text
