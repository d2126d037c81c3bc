"""Random calendars for Hypothesis: zones with every kind of change, windows of a quarter of an hour's grain, dates."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from schemas.instants import of
from schemas.policy import CalendarSpec, Window

ZONES = (
    "Africa/Cairo", "Africa/Casablanca", "America/Chicago", "America/Santiago", "America/St_Johns", "Antarctica/Troll",
    "Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
)  # fmt: skip
"""DST of half an hour and of two, at midnight, backwards in Ramadan, abolished; offsets of a quarter of an hour."""
FIRST, LAST = date(2020, 1, 1), date(2035, 12, 31)
DAYS = st.dates(FIRST, LAST)
Week = tuple[tuple[Window, ...], ...]


class Change(NamedTuple):
    """A change of a zone's offset: its instant, the local date before it, its local times in minutes of that date."""

    at: int
    day: date
    before: int
    after: int

    @property
    def skips(self) -> bool:
        """Whether local times from `before` to `after` do not exist."""
        return self.after > self.before


@cache
def changes(zone: str) -> tuple[Change, ...]:
    """All changes of a zone's offset from 2020 to 2035."""
    tz, found = ZoneInfo(zone), []
    moment, end = datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC")), datetime(2036, 1, 1, tzinfo=ZoneInfo("UTC"))
    while moment < end:
        after = moment + timedelta(hours=12)
        if moment.astimezone(tz).utcoffset() != after.astimezone(tz).utcoffset():
            found.append(_change(tz, moment, after))
        moment = after
    return tuple(found)


def _change(tz: ZoneInfo, low: datetime, high: datetime) -> Change:
    old = low.astimezone(tz).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) // 2
        low, high = (middle, high) if middle.astimezone(tz).utcoffset() == old else (low, middle)
    high = high.replace(second=0, microsecond=0)
    new = high.astimezone(tz)
    assert old is not None
    local = (high + old).replace(tzinfo=None)
    midnight = datetime.combine(local.date(), datetime.min.time())
    after = (new.replace(tzinfo=None) - midnight) // timedelta(minutes=1)
    return Change(of(high), local.date(), (local - midnight) // timedelta(minutes=1), after)


@st.composite
def day_windows(draw: st.DrawFn, first: int = 0, last: int = 96) -> tuple[Window, ...]:
    """Up to three windows of one date between two quarters of an hour; two may touch."""
    edges = sorted(draw(st.lists(st.integers(first, last), max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple((15 * opens, 15 * closes) for opens, closes in pairs if opens < closes)


@st.composite
def weeks(draw: st.DrawFn, *, overnight: bool) -> Week:
    """Seven dates' windows, at least one; overnight ones open from 18:00 on and close by 06:00."""
    if not overnight:
        return draw(st.tuples(*[day_windows()] * 7).filter(any))
    days = draw(st.tuples(*[day_windows(24, 72)] * 7))
    nights = draw(st.tuples(*[st.none() | st.tuples(st.integers(73, 95), st.integers(97, 119))] * 7).filter(any))
    return tuple(
        day if night is None else (*day, (15 * night[0], 15 * night[1]))
        for day, night in zip(days, nights, strict=True)
    )


@st.composite
def specs(draw: st.DrawFn) -> CalendarSpec:
    """A calendar with all that the policy file can say but public holidays."""
    week = draw(st.booleans().flatmap(lambda overnight: weeks(overnight=overnight)))
    named = draw(st.none() | st.frozensets(st.integers(0, 6), min_size=1))
    worked = {day for day in range(7) if week[day]}
    return CalendarSpec(
        "c", draw(st.sampled_from(ZONES)), week, named if named is None or named & worked else None,
        closed=draw(st.frozensets(DAYS, max_size=8)),
        open=draw(st.dictionaries(DAYS, day_windows(24, 72), max_size=4)),
    )  # fmt: skip


def instants(first: date = date(2021, 1, 1), last: date = date(2034, 1, 1)) -> st.SearchStrategy[int]:
    """Instants, to the microsecond, a year away from where the calendars above begin to differ from others."""
    low, high = (of(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC"))) for day in (first, last))
    return st.integers(low, high)
