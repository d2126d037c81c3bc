"""Instants: microseconds since 1970-01-01T00:00:00Z, and their RFC 3339 text.

Text is read only with an offset (contract section 2): a time without one is refused, never
guessed.  It is written in UTC with `Z`, to the microsecond, without trailing zeros (section 4).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
DAY_SECONDS = 86_400

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)


def of(moment: datetime) -> int:
    """The instant of an aware datetime, in microseconds."""
    return (moment - EPOCH) // timedelta(microseconds=1)


@lru_cache(4096)
def _days(text: str) -> int | None:
    """Days from the epoch to a date `YYYY-MM-DD`; None if it is not one."""
    try:
        return date(int(text[:4]), int(text[5:7]), int(text[8:])).toordinal() - EPOCH_ORDINAL
    except ValueError:
        return None


_MINUTES: Final[dict[str, int]] = {}
"""`YYYY-MM-DDTHH:MM:` to its instant, of those that were read lately."""
_SECONDS: Final = {f"{second:02d}{mark}": second * SECOND for second in range(60) for mark in "Z."}
MINUTES_KEPT: Final = 4096


def _known(text: str) -> int | None:
    """The instant of one of the two forms that most senders use, in a minute that was read before; None: read it."""
    length = len(text)
    if length not in (20, 24):
        return None
    minute, second = _MINUTES.get(text[:17]), _SECONDS.get(text[17:20])
    if minute is None or second is None:
        return None
    if length == 20:
        return minute + second if text[19] == "Z" else None
    fraction = text[20:23]
    if text[19] != "." or text[23] != "Z" or not (fraction.isascii() and fraction.isdigit()):
        return None
    return minute + second + int(fraction) * 1_000


def _usual(text: str) -> int | None:
    """Seconds of `YYYY-MM-DDTHH:MM:SSZ`, the form that most senders use; None for any other."""
    if _USUAL.fullmatch(text) is None or (day := _days(text[:10])) is None:
        return None
    return day * DAY_SECONDS + int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])


def parse(text: str) -> int:
    """An RFC 3339 date and time with an offset, in microseconds; finer fractions are cut off.

    Raises:
        ValueError: with what would be right, never with the text itself.
    """
    if (instant := _known(text)) is not None:
        return instant
    instant = _read(text)
    if len(text) in (20, 24) and text[10] == "T" and text[-1] == "Z":
        if len(_MINUTES) >= MINUTES_KEPT:
            _MINUTES.clear()
        _MINUTES[text[:17]] = instant - instant % (60 * SECOND)
    return instant


def _read(text: str) -> int:
    if len(text) == 20 and (seconds := _usual(text)) is not None:
        return seconds * SECOND
    found = _RFC3339.fullmatch(text)
    if found is None:
        if _LOCAL.fullmatch(text):
            raise ValueError("has no offset; give one, as in 2026-11-02T08:00:00-06:00 or ...Z")
        raise ValueError("is not RFC 3339 with an offset, as in 2026-11-02T08:00:00-06:00")
    year, month, day, hour, minute, second = (int(g) for g in found.group(1, 2, 3, 4, 5, 6))
    try:
        ordinal = date(year, month, day).toordinal()
    except ValueError:
        raise ValueError("names a date that does not exist") from None
    offset = int(found[10] or 0) * 60 + int(found[11] or 0)
    if hour > 23 or minute > 59 or second > 59 or offset >= 1440 or int(found[11] or 0) > 59:
        raise ValueError("names a time of day or an offset that does not exist")
    if found[9] == "-":
        offset = -offset
    seconds = (ordinal - EPOCH_ORDINAL) * DAY_SECONDS + hour * 3600 + (minute - offset) * 60 + second
    return seconds * SECOND + int((found[7] or "")[:6].ljust(6, "0"))


@lru_cache(4096)
def _date(day: int) -> str:
    return date.fromordinal(day + EPOCH_ORDINAL).isoformat()


def text(instant: int) -> str:
    """`2026-11-02T14:00:00Z`, with a fraction only if it is not zero."""
    seconds, micros = divmod(instant, SECOND)
    day, second = divmod(seconds, DAY_SECONDS)
    base = f"{_date(day)}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"{base}.{micros:06d}".rstrip("0") + "Z" if micros else base + "Z"


def compact(instant: int) -> str:
    """`20261124T150405Z`, the form used in alert ids; six digits of fraction if it is not zero."""
    seconds, micros = divmod(instant, SECOND)
    day, second = divmod(seconds, DAY_SECONDS)
    base = f"{_date(day).replace('-', '')}T{second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}"
    return f"{base}.{micros:06d}Z" if micros else base + "Z"


def parse_compact(given: str) -> int:
    """The instant of `compact`'s text.

    Raises:
        ValueError: if it is not of that form.
    """
    form = "%Y%m%dT%H%M%S.%fZ" if "." in given else "%Y%m%dT%H%M%SZ"
    return of(datetime.strptime(given, form).replace(tzinfo=UTC))


FIRST: Final[int] = parse("2000-01-01T00:00:00Z")
"""The first instant for which calendars answer (T9)."""
LAST: Final[int] = parse("2099-12-31T23:59:59.999999Z")
"""The last one."""
