"""Who may do what: the file of bearer tokens (setting TOKENS), and what is read from it.

Theory of operation. Tokens are random (256 bits), so a plain SHA-256 of one is as hard to turn back as the token is to
guess; the file holds nothing that opens a door but `key`, the secret that workers share: with it they ask each other,
sign sessions and make references to cycles. The file is read again when it changes; one that cannot be read leaves what
was read before in force, and says so once. A form:

    contact = "the portal office, extension 1234"   # whom to ask for rights; told to whoever lacks them
    key = "..."                                     # shared by all workers, at least 32 characters

    [[tokens]]
    name = "n.lee"                                  # `by` of what is done with it
    sha256 = "..."                                  # of the token
    scopes = ["read", "act"]                        # absent: read
    departments = ["cardiology"]                    # absent: all
    expires = 2027-06-30T00:00:00Z                  # absent: never

    [[people]]                                      # whom a trusted proxy names; absent: all that it names
    name = "n.lee"
    scopes = ["read", "act"]                        # absent: read and act
    departments = ["cardiology"]

Make a token with `python -m streams.web.people NAME`: it prints the token once, and the table for the file.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas import instants
from streams.settings import SettingsError

READ, ACT = "read", "act"
SCOPES: Final = frozenset({READ, ACT})
PREFIX: Final = "pw_"
KEY_LENGTH: Final = 32
_DIGEST = re.compile(r"[0-9a-f]{64}")
NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")

log = logging.getLogger(__name__)


class TokensError(SettingsError):
    """A tokens' file that cannot be used; the message names the file, the place, and what would be right."""


class Person(msgspec.Struct, frozen=True):
    """Who asks."""

    name: str
    scopes: frozenset[str] = frozenset({READ})
    departments: frozenset[str] | None = None
    """None: all."""
    how: str = "token"
    """`token`, `session`, `proxy`, or `machine`: nobody is asked, because only this machine can."""

    def sees(self, department: str) -> bool:
        """Whether items of a department may be seen, and acted upon if `act` is among the scopes."""
        return self.departments is None or department in self.departments


class Token(msgspec.Struct, frozen=True):
    """One entry of the file."""

    digest: bytes
    person: Person
    expires: int | None
    """Microseconds."""

    @property
    def id(self) -> str:
        """What a session names it by: nothing that opens a door."""
        return sha256(self.digest).hexdigest()[:16]


class People(msgspec.Struct, frozen=True):
    """What a file says."""

    tokens: tuple[Token, ...] = ()
    named: Mapping[str, Person] | None = None
    """By name, those whom a proxy may name; None: everybody whom it names."""
    key: bytes = b""
    """Empty: the workers share no secret."""
    contact: str | None = None

    def by_token(self, given: str, now: int) -> Token | None:
        """The entry of a token, unless it has expired; every entry is compared, in constant time each."""
        digest, found = sha256(given.encode()).digest(), None
        for token in self.tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return None if found is None or _is_over(found, now) else found

    def by_id(self, given: str, now: int) -> Token | None:
        """The entry that a session names, unless it has expired."""
        found = next((token for token in self.tokens if hmac.compare_digest(token.id, given)), None)
        return None if found is None or _is_over(found, now) else found

    def by_proxy(self, name: str) -> Person | None:
        """Whom a trusted proxy names."""
        if self.named is None:
            return Person(name, SCOPES, None, "proxy")
        return self.named.get(name)


def _is_over(token: Token, now: int) -> bool:
    return token.expires is not None and token.expires <= now


class TokensFile:
    """The file, read again when it has changed. TokensError from the first reading alone."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp = self._stamp_now()
        self._people = People() if path is None else load(path)

    def people(self) -> People:
        """What it says now."""
        if self._path is not None and (stamp := self._stamp_now()) != self._stamp:
            self._stamp = stamp
            try:
                self._people = load(self._path)
                log.info("%s: read again, %s tokens", self._path, len(self._people.tokens))
            except TokensError as error:
                log.error("%s; what was read before stays in force", error)  # noqa: TRY400 - it says all
        return self._people

    def _stamp_now(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)


def load(path: Path) -> People:
    """What a tokens' file says.

    Raises:
        TokensError: it cannot be used.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TokensError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise TokensError(f"{path}: is not TOML in UTF-8: {type(error).__name__}") from None
    try:
        return _people(table)
    except ValueError as error:
        raise TokensError(f"{path}: {error}") from None


def _people(table: dict[str, Any]) -> People:
    _known("", table, ("key", "contact", "tokens", "people"))
    key = table.get("key", "")
    if not isinstance(key, str) or (key and len(key) < KEY_LENGTH):
        raise ValueError(f"key: give a text of at least {KEY_LENGTH} characters, the same for all workers")
    contact = table.get("contact")
    if contact is not None and not (isinstance(contact, str) and NAME.fullmatch(contact)):
        raise ValueError("contact: give a text of 1 to 200 characters: whom to ask for rights")
    tokens = tuple(_token(f"tokens[{n}]", each) for n, each in _tables(table, "tokens"))
    if len({token.digest for token in tokens}) < len(tokens):
        raise ValueError("tokens: two entries have one sha256; each token stands once")
    named = [_person(f"people[{n}]", each, SCOPES, "proxy") for n, each in _tables(table, "people")]
    return People(tokens, {one.name: one for one in named} if "people" in table else None, key.encode(), contact)


def _tables(table: dict[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    given = table.get(name, [])
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ValueError(f"{name}: give tables, [[{name}]]")
    return enumerate(given)


def _token(where: str, given: dict[str, Any]) -> Token:
    _known(where, given, ("name", "sha256", "scopes", "departments", "expires"))
    digest = given.get("sha256")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise ValueError(f"{where}.sha256: give the SHA-256 of the token, 64 hexadecimal digits in lower case")
    expires = given.get("expires")
    if expires is not None and (not isinstance(expires, datetime) or expires.tzinfo is None):
        raise ValueError(f"{where}.expires: give a date and time with an offset, as in 2027-06-30T00:00:00Z")
    person = _person(where, given, frozenset({READ}), "token")
    return Token(bytes.fromhex(digest), person, None if expires is None else instants.of(expires.astimezone(UTC)))


def _person(where: str, given: dict[str, Any], scopes: frozenset[str], how: str) -> Person:
    if how == "proxy":
        _known(where, given, ("name", "scopes", "departments"))
    name = given.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{where}.name: give a name of 1 to 200 characters")
    found = _texts(where, "scopes", given, scopes)
    if not found or not found <= SCOPES:
        raise ValueError(f"{where}.scopes: give one or both of read, act")
    departments = _texts(where, "departments", given, None)
    return Person(name, found | {READ}, departments, how)


def _texts(where: str, name: str, given: dict[str, Any], absent: frozenset[str] | None) -> Any:
    value = given.get(name)
    if value is None:
        return absent
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ValueError(f"{where}.{name}: give a list of texts")
    return frozenset(value)


def _known(where: str, given: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in given:
        if name not in names:
            at = f"{where}.{name}" if where else name
            raise ValueError(f"{at}: is not known; known are {', '.join(names)}")


def made(name: str) -> tuple[str, str]:
    """A new token, and the table that stands for it in the file."""
    token = PREFIX + secrets.token_urlsafe(32)
    digest = sha256(token.encode()).hexdigest()
    quoted = msgspec.json.encode(name).decode()
    return token, f'[[tokens]]\nname = {quoted}\nsha256 = "{digest}"\nscopes = ["read", "act"]\n'


def main(arguments: list[str]) -> int:
    """`NAME`: print a new token and its table."""
    if len(arguments) != 1 or not NAME.fullmatch(arguments[0]):
        sys.stderr.write("give one name, of 1 to 200 characters: python -m streams.web.people NAME\n")
        return 2
    token, table = made(arguments[0])
    sys.stdout.write(f"The token, shown this once:\n\n    {token}\n\nAdd to the tokens' file:\n\n{table}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
