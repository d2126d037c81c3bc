"""How a single setting is read: one function for each form, from text to a typed value.

Theory of operation. Every value arrives as text, whether from the environment or from a TOML file, so that both mean
the same. A reader returns the value or raises ValueError with what would be right; it never repeats the text where that
may hold a secret (the address of a broker may carry a password that somebody put there).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAME = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9._:-]+", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|seconds?|m|minutes?)?", re.ASCII)
_UNITS = {"ms": 0.001, "m": 60.0, "minute": 60.0, "minutes": 60.0}


def name(longest: int) -> Callable[[str], str]:
    """A name that Kafka takes, at most `longest` characters long."""

    def read(text: str) -> str:
        if not _NAME.fullmatch(text) or len(text) > longest or text in (".", ".."):
            raise ValueError(f"give 1 to {longest} of A-Z, a-z, 0-9, `.`, `_` and `-`, not {text!r}")
        return text

    return read


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number in a range, both ends included."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"give a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return read


def seconds(least: float, most: float) -> Callable[[str], float]:
    """Seconds in a range: a number, or one with a unit (`10`, `10 seconds`, `250ms`, `2 minutes`)."""

    def read(text: str) -> float:
        found = _SECONDS.fullmatch(text)
        value = float(found[1]) * _UNITS.get(found[2], 1.0) if found else -1.0
        if not least <= value <= most:
            raise ValueError(f"give {least:g} to {most:g} seconds, as in `10` or `250ms`, not {text!r}")
        return value

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """One of these words, in whatever case it is written."""

    def read(text: str) -> str:
        known = {word.lower(): word for word in words}
        if text.lower() not in known:
            raise ValueError(f"give one of {', '.join(words)}, not {text!r}")
        return known[text.lower()]

    return read


def broker_list(text: str) -> tuple[str, ...]:
    """Broker URLs, `kafka://HOST:PORT`, parted by commas; scheme and port 9092 may be left out."""
    return tuple(_broker(part.strip()) for part in text.split(","))


def _broker(text: str) -> str:
    url = _split(text if "://" in text else f"kafka://{text}")
    if url.scheme != "kafka" or url.username is not None or url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError("give `kafka://HOST:PORT`, several by comma, without user, password or path")
    host = _host_of(url, "kafka://127.0.0.1:9092")
    return f"kafka://{host}:{url.port or 9092}"


def web_url(text: str, example: str = "http://worker-1:6066") -> str:
    """An http or https URL without a trailing slash, as in the example."""
    url = _split(text)
    if url.scheme not in ("http", "https") or url.username is not None or url.query or url.fragment:
        raise ValueError(f"give a URL as in `{example}`, without user, password or query")
    _host_of(url, example)
    return text.rstrip("/")


def _split(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port  # read late, and only then refused
    except ValueError:
        raise ValueError("give a URL with a host, and a port from 0 to 65535") from None
    return url


def _host_of(url: SplitResult, example: str) -> str:
    host = url.hostname or ""
    if not _HOST.fullmatch(host):
        raise ValueError(f"give a URL with a host, as in `{example}`")
    return f"[{host}]" if ":" in host else host


def host(text: str) -> str:
    """A host name or address to listen on."""
    if not _HOST.fullmatch(text):
        raise ValueError(f"give a host name or an address, as in 127.0.0.1 or ::1, not {text!r}")
    return text


def header(text: str) -> str:
    """The name of an HTTP header."""
    if not _HEADER.fullmatch(text):
        raise ValueError(f"give the name of a header, as in X-Forwarded-User, not {text!r}")
    return text


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, parted by commas: `10.0.0.7, 10.1.0.0/16`; none for an empty text."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",")) if text else ()
    except ValueError:
        raise ValueError(f"give addresses or networks by comma, as in 10.0.0.7, 10.1.0.0/16, not {text!r}") from None


def folder(text: str) -> Path:
    """A folder, which need not exist yet."""
    path = expanded(text)
    if _is_there(path, Path.exists) and not _is_there(path, Path.is_dir):
        raise ValueError(f"give a folder; {text!r} is something else")
    return path


def file(text: str) -> Path:
    """A file that is there."""
    path = expanded(text)
    if not _is_there(path, Path.is_file):
        raise ValueError(f"give a file that exists; there is none at {text!r}")
    return path


def expanded(text: str) -> Path:
    """A path, with a `~` at its start resolved."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"give a path with a home folder that exists, not {text!r}") from None


def _is_there(path: Path, question: Callable[[Path], bool]) -> bool:
    try:
        return question(path)
    except OSError as error:
        raise ValueError(f"give a path that can be reached, not {str(path)!r} ({error.strerror})") from None
