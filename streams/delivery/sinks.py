"""The sinks' file (setting SINKS): where people are told, as typed values.

Theory of operation. A TOML file of tables `TYPE.NAME`; the name is what metrics, logs and commands call the sink, so
it is given once. The form is the classes below; msgspec reads it and says which path is wrong. A secret is never in it:
it names a file or a variable of the environment, and is read with the file, so what is missing stops the start and not
the first page at night. A relative path counts from the file's folder. A form:

    [alertmanager.clinic]
    urls = ["http://alertmanager-0:9093", "http://alertmanager-1:9093"]    # every member of a cluster

    [apprise.people.recipients]
    cardiology-nurses = {file = "secrets/cardiology-nurses"}               # a URL of Apprise
    dr-lee = [{env = "APPRISE_DR_LEE"}, {file = "secrets/dr-lee-sms"}]
    "*" = {file = "secrets/portal-desk"}                                    # whoever is not named here

    [webhook.warehouse]
    url = "https://warehouse.example.org/portal-alerts"
    secret = {file = "secrets/warehouse"}                                   # `whsec_` and base64, Standard Webhooks
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from streams import settings_values as read
from streams.delivery.complaints import complaint, written
from streams.settings import SettingsError, one_line, secret

MINIMAL: Final = "minimal"
FULL: Final = "full"
ANYBODY: Final = "*"
"""The recipient of whoever has no entry."""
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"

Detail: TypeAlias = Literal["minimal", "full"]


class Seconds(float):
    """A length of time: `10`, `10 seconds`, `2 minutes`; above 0, at most a day."""


class HttpUrl(str):
    """An http or https URL without user, password, query and slash at its end."""

    __slots__ = ()


class Hidden:
    """A secret; printing it shows nothing."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """What it is."""
        return self._value

    def __repr__(self) -> str:
        return "Hidden()"


class Secret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a secret is: `{file = "..."}`, its one line, or `{env = "..."}`, a variable of the environment."""

    file: str | None = None
    env: str | None = None

    def __post_init__(self) -> None:
        """ValueError unless exactly one is given."""
        if (self.file is None) == (self.env is None):
            raise ValueError('give {file = "..."} or {env = "..."}')

    def load(self, folder: Path, environ: Mapping[str, str]) -> Hidden:
        """The secret. SettingsError names the file or the variable, never what is in it."""
        if self.file is not None:
            return Hidden(secret(folder / read.expanded(self.file)))
        assert self.env is not None
        if not (value := environ.get(self.env, "")):
            raise SettingsError(f"{self.env}: is not set in the environment")
        return Hidden(one_line(self.env, value))


class Sink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sinks have."""

    timeout: Seconds = Seconds(10)
    """For one request, connecting included."""
    ca_file: str | None = None
    """Certificates to trust instead of the system's."""
    longest_wait: Seconds = Seconds(60)
    """At most so long from a try that failed to the next, unless the receiver asks for more."""


class Discreet(Sink, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sink that people read; see `discretion` for `detail` and `names`."""

    detail: Detail = MINIMAL
    names: tuple[str, ...] = ()
    """Owners and pools that may be named though the policy does not; `nurse-*` stands for many."""
    board: HttpUrl | None = None
    """Where people reach the board; None: at the worker that tells."""

    def links_to(self, worker: str) -> str:
        """The board to which links lead, without a slash at its end. `worker`: the address of the worker that tells."""
        return self.board or worker


class Alertmanager(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Alertmanager, or all members of its cluster."""

    urls: Annotated[tuple[HttpUrl, ...], Meta(min_length=1)]
    username: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    """A bearer token."""
    resend: Seconds = Seconds(60)
    ends_after: Seconds = Seconds(300)
    """How long Alertmanager goes on if nobody sends again."""
    resolved_for: Seconds = Seconds(900)

    def __post_init__(self) -> None:
        """ValueError if what is given does not go together."""
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` belong together")
        if self.username is not None and self.token is not None:
            raise ValueError("give `username` and `password`, or `token`")
        if self.ends_after < 3 * self.resend:
            raise ValueError("`ends_after` has to be three times `resend` at least, or a lost request resolves alerts")


class Apprise(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Digests by any service that Apprise knows."""

    recipients: Annotated[dict[str, Secret | Annotated[list[Secret], Meta(min_length=1)]], Meta(min_length=1)]
    """URLs of Apprise by the name of a recipient."""
    every: Seconds = Seconds(60)
    """At least so long from a recipient's digest to the next."""
    gather: Seconds = Seconds(5)
    """So long a digest waits for what comes with its first alert."""
    templates: str | None = None
    """A folder whose files replace those of `streams/delivery/templates`."""
    resolved: bool = False
    """Whether a digest is sent for what is over, too."""


class Webhook(Sink, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receiver of every event of `portal.alerts`."""

    url: HttpUrl
    secret: Secret | None = None
    """With which requests are signed: `whsec_` and base64."""
    token: Secret | None = None
    """A bearer token."""
    mode: Literal["structured", "binary"] = "structured"
    in_flight: Annotated[int, Meta(ge=1, le=256)] = 16
    """Items that are told of at a time."""


class Sinks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole file, by type and name."""

    alertmanager: dict[Annotated[str, Meta(pattern=NAME)], Alertmanager] = {}
    apprise: dict[Annotated[str, Meta(pattern=NAME)], Apprise] = {}
    webhook: dict[Annotated[str, Meta(pattern=NAME)], Webhook] = {}

    def __post_init__(self) -> None:
        """ValueError if two sinks have one name: it is their label in metrics and their group on Kafka."""
        names = [*self.alertmanager, *self.apprise, *self.webhook]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)}: two sinks of one name")

    def __iter__(self) -> Iterator[tuple[str, Sink]]:
        """All sinks by name."""
        yield from (*self.alertmanager.items(), *self.apprise.items(), *self.webhook.items())

    @property
    def names(self) -> list[str]:
        """Of all sinks, in order."""
        return sorted(name for name, _ in self)


class SinksFile:
    """A file as it was read, and its secrets. SettingsError names what is missing."""

    def __init__(self, sinks: Sinks, folder: Path, environ: Mapping[str, str]) -> None:
        self.sinks, self.folder = sinks, folder
        self._secrets: dict[Secret, Hidden] = {}
        for place, each in _secrets(sinks):
            with _at(place):
                self._secrets[each] = each.load(folder, environ)
        for place, sink in _places(sinks):
            if sink.ca_file is not None:
                with _at(f"{place}.ca_file"):
                    read.file(str(self.path(sink.ca_file)))
            if isinstance(sink, Apprise) and sink.templates is not None:
                with _at(f"{place}.templates"):
                    self.path(sink.templates)

    def reveal(self, named: Secret) -> str:
        """The secret that the file names."""
        return self._secrets[named].reveal()

    def path(self, text: str) -> Path:
        """A path of the file, from its folder. ValueError: its home folder is none."""
        return self.folder / read.expanded(text)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """What is found wrong with a value is said with its place in the file."""
    try:
        yield
    except ValueError as error:
        raise SettingsError(f"{error} - at {place}") from None


@contextmanager
def naming(path: Path | None) -> Iterator[None]:
    """What is found wrong with a sinks' file is said with its path, also where its sinks are made."""
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> SinksFile:
    """Read a sinks' file; None: no sinks. SettingsError names file, path and what would be right."""
    if path is None:
        return SinksFile(Sinks(), Path(), {})
    with naming(path):
        sinks = _read(_table(path))
        return SinksFile(sinks, path.absolute().parent, os.environ if environ is None else environ)


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SettingsError("is not TOML: it has to be UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"is not TOML: {error}") from error


def _read(table: dict[str, Any]) -> Sinks:
    def convert(given: Any) -> Sinks:
        return msgspec.convert(given, Sinks, dec_hook=_form)

    try:
        return convert(table)
    except msgspec.ValidationError as error:
        raise SettingsError(complaint(table, error, convert, Sinks)) from None


def _form(type_: type, value: Any) -> Any:
    forms: dict[type, Callable[[str], Any]] = {
        Seconds: lambda text: Seconds(read.seconds(0.001, 86_400)(text)),
        HttpUrl: lambda text: HttpUrl(read.web_url(text, "https://alerts.example.org")),
    }
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError("give a text")  # noqa: TRY004 - msgspec gives a ValueError's message the path
    return forms[type_](str(value))


def _places(sinks: Sinks) -> Iterator[tuple[str, Sink]]:
    """Each sink with its place in the file."""
    for kind in sinks.__struct_fields__:
        for name, sink in getattr(sinks, kind).items():
            yield f"$.{kind}{written(name)}", sink


def _secrets(sinks: Sinks) -> Iterator[tuple[str, Secret]]:
    """Each secret with its place in the file."""
    for place, sink in _places(sinks):
        for name in sink.__struct_fields__:
            yield from _within(f"{place}.{name}", getattr(sink, name))


def _within(place: str, value: object) -> Iterator[tuple[str, Secret]]:
    if isinstance(value, Secret):
        yield place, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _within(place + written(key), each)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _within(f"{place}[{number}]", each)
