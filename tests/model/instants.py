"""Instants and durations of the model, as plain integers.

Every instant is a count of microseconds since 1970-01-01T00:00:00Z and every amount of time a count of microseconds.
A duration of the policy file is a dict `{"kind": "elapsed" | "open" | "days", "amount": n}`: microseconds of elapsed
time, microseconds of open time, or a number of business days (contract sections 3, T1).
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = int((datetime(2000, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()) * SECOND
END = int((datetime(2100, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()) * SECOND

RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
DURATION = re.compile(r"(\d+(?:\.\d{1,2})?) (business )?(minute|hour|day)s?")
UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY}


def micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(instant: int) -> datetime:
    """The UTC datetime of an instant."""
    return EPOCH + timedelta(microseconds=instant)


def parse_instant(text: str) -> int:
    """An RFC 3339 date-time with an offset, cut to the microsecond. ValueError if it is none."""
    found = RFC3339.fullmatch(text)
    if not found:
        raise ValueError("an RFC 3339 date-time with an offset is required")
    day, clock, fraction, offset = found.groups()
    digits = (fraction or ".")[1:7].ljust(6, "0")
    zone = "+00:00" if offset in "Zz" else offset
    return micros(datetime.fromisoformat(f"{day}T{clock}.{digits}{zone}"))


def print_instant(instant: int) -> str:
    """UTC with `Z`, no trailing zeros in the fraction (section 4, last line)."""
    seconds, rest = divmod(instant, SECOND)
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return moment(seconds * SECOND).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def stamp(instant: int) -> str:
    """The form of an instant inside an alert id (section 5)."""
    seconds, rest = divmod(instant, SECOND)
    fraction = f".{rest:06d}" if rest else ""
    return moment(seconds * SECOND).strftime("%Y%m%dT%H%M%S") + fraction + "Z"


def parse_duration(text: str) -> dict[str, Any]:
    """`N [business] minutes|hours|days` as `{"kind", "amount"}`. ValueError if it is none."""
    found = DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"a duration such as `4 business hours` is required, not {text!r}")
    number, business, unit = found.groups()
    if business and unit == "day":
        return {"kind": "days", "amount": int(number)}
    amount = Decimal(number) * UNITS[unit]
    return {"kind": "open" if business else "elapsed", "amount": int(amount)}
