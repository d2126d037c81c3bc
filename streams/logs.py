"""Logs, as text or as JSON lines, on standard error (settings LOG and LOG_LEVEL).

Theory of operation. `config` gives a `logging` dict config, for `logging.config.dictConfig` or for Faust's setting
`logging_config`; nothing is set up at import. Logs go to people and systems that may not see patients' data, so what we
log names topics, partitions, offsets, counts and rules, never a value of an event. What others raise may quote one: of
an exception of the kinds that do (a look-up, a conversion, a type), only the type and the places in the code are shown.
One that is marked `plain` was made for people: its message is shown alone, without the places in the code.

While a broker is away its client complains a hundred times a second. `Sparse` lets one line of a kind through, and then
how many more there were.
"""

from __future__ import annotations

import json
import logging
import logging.config
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

QUOTING = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError)
"""Exceptions whose message often repeats the value at fault: KeyError, UnicodeDecodeError, validation errors."""
NOISY = ("aiohttp.access", "aiokafka", "faust", "mode")
"""Libraries from which only warnings are wanted, unless the level is DEBUG."""
TALKATIVE = "aiokafka"
EVERY = 10.0
"""Seconds between two lines of one kind from it."""


def config(form: str, level: str) -> dict[str, Any]:
    """The dict config for `form` (`text` or `json`) and `level` (as in the setting LOG_LEVEL)."""
    formatter = {"text": TextFormatter, "json": JsonFormatter}[form]
    quiet = level if level in ("DEBUG", "ERROR", "CRITICAL") else "WARNING"
    quietest = "INFO" if quiet == "DEBUG" else quiet  # below it the broker's client logs keys and values
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"portalwatch": {"()": formatter}},
        "filters": {"sparse": {"()": Sparse}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "portalwatch", "filters": ["sparse"]}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {name: {"level": quietest if name == TALKATIVE else quiet} for name in NOISY},
    }


def set_up(form: str, level: str) -> None:
    """Configure logging for this process."""
    logging.config.dictConfig(config(form, level))


class Sparse(logging.Filter):
    """Of what the broker's client logs with one text (whatever stands in it), one line every ten seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}
        self._held: Counter[tuple[str, str]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is shown; if some were not, it says how many."""
        kind = record.name, str(record.msg)
        if not record.name.startswith(TALKATIVE) or record.levelno < logging.WARNING:
            return True
        now = time.monotonic()
        if now - self._last.get(kind, -EVERY) < EVERY:
            self._held[kind] += 1
            return False
        self._last[kind] = now
        if held := self._held.pop(kind, 0):
            record.msg, record.args = f"{record.getMessage()} (and {held} more like it)", None
        return True


class TextFormatter(logging.Formatter):
    """`2026-11-02T14:00:00.123Z INFO streams.topics: created topic ...`, then the exception, if any."""

    def format(self, record: logging.LogRecord) -> str:
        """One record; more than one line only for an exception."""
        head = f"{_time(record)} {record.levelname} {record.name}: {_message(record)}"
        return "\n".join([head, *_exception(record)])


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, `process`, and `exception` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One record, on one line."""
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "process": record.process,
        }
        if exception := "\n".join(_exception(record)):
            line["exception"] = exception
        return json.dumps(line, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    """When it was logged, by the wall, in UTC to the millisecond."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    """What was logged; of an exception that is `plain`, what it says, for it says all."""
    error = record.exc_info[1] if record.exc_info else None
    if _is_plain(error):
        return str(error)
    if isinstance(record.args, tuple) and any(isinstance(arg, BaseException) for arg in record.args):
        shown = tuple(_Described(arg) if isinstance(arg, BaseException) else arg for arg in record.args)
        return str(record.msg) % shown
    return record.getMessage()


class _Described:
    """An exception in a line, as `describe` tells it."""

    def __init__(self, error: BaseException) -> None:
        self._said = str(error) if _is_plain(error) else describe(error)

    def __str__(self) -> str:
        return self._said

    __repr__ = __str__


def _is_plain(error: BaseException | None) -> bool:
    return bool(getattr(error, "plain", False))


def _exception(record: logging.LogRecord) -> Iterator[str]:
    """The record's exception and its causes, innermost first: for each the places in the code, then what it is."""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None and not _is_plain(error):
        for each in reversed(list(_causes(error))):
            yield from "".join(traceback.format_tb(each.__traceback__)).splitlines()
            yield describe(each)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def describe(error: BaseException) -> str:
    """`KafkaConnectionError: ...`; of a kind that may quote a value, the type alone."""
    kind = type(error).__name__
    return f"{kind} (message withheld: it may quote data)" if isinstance(error, QUOTING) else f"{kind}: {error}"
