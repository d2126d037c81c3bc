"""Open time of a calendar (contract T1 to T3, T8 to T10).

A calendar is a sorted list of UTC windows, each belonging to the local date on which it opens, with the sum of open
time before each.  Adding, subtracting and measuring open time are then one bisection, whatever the amount.  Years are
built when first needed; the lists grow in both directions.  Touching windows stay apart: half-open bisection makes them
one for open time, and each keeps the date to which it belongs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from schemas.instants import EPOCH, EPOCH_ORDINAL, FIRST, LAST, SECOND
from schemas.policy import CalendarSpec, Window
from streams.core.regions import days_off
from streams.core.zones import MICROS_OF_DAY, Zone

LONG_DAY: Final = int(MICROS_OF_DAY)
FEW: Final = 16
"""Windows that are looked at one by one before they are bisected."""
FIRST_YEAR, LAST_YEAR = 1999, 2100
"""Built at most: a year beyond the range on either side, so that its edges have neighbours."""


class CalendarRangeError(ValueError):
    """An answer lies outside 2000-01-01 to 2099-12-31, UTC (T9)."""

    def __init__(self, name: str) -> None:
        super().__init__(f"calendar {name}: answers only from 2000-01-01 to 2099-12-31 UTC")
        self.calendar = name


class Calendar:
    """Open time of one calendar; instants are microseconds UTC, days are proleptic ordinals."""

    def __init__(self, spec: CalendarSpec) -> None:
        self.spec, self.name = spec, spec.name
        self.zone = ZoneInfo(spec.timezone)
        self._local = Zone(self.zone)
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._before: list[int] = [0]
        self._days: list[int] = []
        self._business: list[int] = []
        self._windows: dict[int, list[tuple[int, int]]] = {}
        self._years: tuple[int, int] | None = None
        self._from, self._to = 1, 0
        self._first: list[int] = []
        """Of each UTC day from `_from` on, the last window that opens at or before its beginning."""

    # -- open time ------------------------------------------------------------------------------

    def is_open(self, at: int) -> bool:
        """Whether `at` lies in a window (half-open)."""
        i = self._index(at)
        return i >= 0 and at < self._closes[i]

    def between(self, start: int, end: int) -> int:
        """Open microseconds in [start, end); zero if `end` is not after `start`."""
        if end <= start:
            return 0
        before = self._sum(start)  # first: earlier years move all sums
        return self._sum(end) - before

    def add(self, start: int, amount: int) -> int:
        """The first instant at which `amount` open microseconds have passed since `start` (T2)."""
        if amount <= 0:
            return start
        i = self._index(start)
        target = self._until(i, start) + amount
        while target > self._before[-1]:
            target += self._grow(later=True)
        before = self._before
        i, far = max(i, 0), i + FEW
        while before[i + 1] < target:
            i += 1
            if i > far:
                i = bisect_left(before, target, i) - 1
        return self._checked(self._opens[i] + target - self._before[i])

    def sub(self, end: int, amount: int) -> int:
        """The last instant from which `amount` open microseconds pass until `end` (T2, mirrored)."""
        if amount <= 0:
            return end
        i = self._index(end)
        target = self._until(i, end) - amount
        if target < 0:
            while target < 0:
                target += self._grow(later=False)
            i = bisect_right(self._before, target) - 1
        before, far = self._before, i - FEW
        while before[i] > target:
            i -= 1
            if i < far:
                i = bisect_right(before, target, 0, i + 1) - 1
        return self._checked(self._opens[i] + target - self._before[i])

    def opening(self, at: int) -> int:
        """`at` if open, else the next opening."""
        i = self._index(at)
        if i >= 0 and at < self._closes[i]:
            return at
        while i + 1 >= len(self._opens):
            self._grow(later=True)
            i = self._index(at)
        return self._checked(self._opens[i + 1])

    def closing(self, at: int) -> int:
        """The last closing at or before `at`, which must be closed."""
        i = self._index(at)
        while i < 0:
            self._grow(later=False)
            i = self._index(at)
        return self._checked(self._closes[i])

    # -- business days --------------------------------------------------------------------------

    def day_after(self, day: int, n: int) -> int:
        """The nth business day after `day`; `day` itself for n = 0."""
        if n == 0:
            return day
        while (i := bisect_right(self._business, day) + n - 1) >= len(self._business):
            self._grow(later=True)
        return self._business[i]

    def day_before(self, day: int, n: int) -> int:
        """The nth business day before `day`, n at least 1."""
        while (i := bisect_left(self._business, day) - n) < 0:
            self._grow(later=False)
        return self._business[i]

    def later(self, start: int, n: int) -> int:
        """`N business days` after `start` (T3): the same local time on the nth business day."""
        start = self.opening(start)
        return self._later(start, self._day_of(start), n)

    def later_from_due(self, due: int, n: int) -> int:
        """As `later`, but a closing counts as in the day that it closes (T6)."""
        i = self._index(due)
        if i >= 0 and due == self._closes[i]:
            return self._later(due, self._days[i], n)
        return self.later(due, n)

    def _later(self, start: int, own: int, n: int) -> int:
        day = self.day_after(own, n)
        at = self.instant(day, self._local.local(start, own))
        windows = self._windows[day]
        if any(o <= at < c for o, c in windows):
            return self._checked(at)
        return self._checked(next((o for o, _ in windows if o > at), windows[-1][1]))

    def earlier(self, anchor: int, n: int) -> int:
        """`before: N business days` (T10): the same local time on the nth business day before."""
        if not self.is_open(anchor):
            anchor = self.closing(anchor)
        own = self._day_of(anchor)
        day = self.day_before(own, n)
        at = self.instant(day, self._local.local(anchor, own))
        windows = self._windows[day]
        if any(o <= at < c for o, c in windows):
            return self._checked(at)
        return self._checked(next((c for _, c in reversed(windows) if c <= at), windows[0][0]))

    def end_of(self, start: int, n: int) -> int:
        """`by: end of N business days` (T3): the last closing of that day."""
        start = self.opening(start)
        day = self.day_after(self._day_of(start), n)
        return self._checked(self._windows[day][-1][1])

    def windows_of(self, day: int) -> list[tuple[int, int]]:
        """The UTC windows that open on the local date with this ordinal."""
        noon = (day - EPOCH_ORDINAL) * MICROS_OF_DAY
        self._index(min(max(noon, FIRST), LAST))
        return self._windows.get(day, [])

    def instant(self, day: int, local: int) -> int:
        """The instant of `local` microseconds after the local midnight of `day` (T8)."""
        return self._local.instant(day, local)

    # -- the lists ------------------------------------------------------------------------------

    def _checked(self, at: int) -> int:
        if FIRST <= at <= LAST:
            return at
        raise CalendarRangeError(self.name)

    def _index(self, at: int) -> int:
        """The last window that opens at or before `at`; -1 if none does."""
        if not self._from <= at < self._to:
            self._cover(at)
        opens, i = self._opens, self._first[(at - self._from) // LONG_DAY] + 1
        count = len(opens)
        while i < count and opens[i] <= at:
            i += 1
        return i - 1

    def _day_of(self, at: int) -> int:
        """The date of the last window that opens at or before `at`."""
        i = self._index(at)  # first: it may build the lists anew
        return self._days[i]

    def _sum(self, at: int) -> int:
        i = self._index(at)  # first: it may build the lists anew
        return self._until(i, at)

    def _until(self, i: int, at: int) -> int:
        """Open time before `at`, which lies in the window `i` or after it."""
        return 0 if i < 0 else self._before[i] + min(self._closes[i], at) - self._opens[i]

    def _cover(self, at: int) -> None:
        """Build the year of `at` and its two neighbours, and all years between those and the built ones."""
        year = (EPOCH + timedelta(microseconds=self._checked(at))).year
        low, high = year - 1, year + 1
        if self._years is not None:
            low, high = min(low, self._years[0]), max(high, self._years[1])
        self._build(low, high)

    def _grow(self, *, later: bool) -> int:
        """One more year; how much the sums of the windows already built have grown."""
        if self._years is None:
            raise CalendarRangeError(self.name)
        low, high = self._years
        low, high = (low, high + 1) if later else (low - 1, high)
        if low < FIRST_YEAR or high > LAST_YEAR:
            raise CalendarRangeError(self.name)
        total = self._before[-1]
        self._build(low, high)
        return 0 if later else self._before[-1] - total

    def _build(self, low: int, high: int) -> None:
        built = self._years
        self._years = (low, high)
        fresh = [y for y in range(low, high + 1) if built is None or not built[0] <= y <= built[1]]
        for year in fresh:
            self._build_year(year)
        self._opens, self._closes, self._before, self._days = [], [], [0], []
        total = 0
        for day in sorted(self._windows):
            for opens, closes in self._windows[day]:
                self._opens.append(opens)
                self._closes.append(closes)
                self._days.append(day)
                total += closes - opens
                self._before.append(total)
        self._business = [d for d in sorted(self._windows) if self._counts(d)]
        self._from = (date(low + 1, 1, 1).toordinal() - EPOCH_ORDINAL) * MICROS_OF_DAY
        self._to = (date(high, 1, 1).toordinal() - EPOCH_ORDINAL) * MICROS_OF_DAY
        self._first = [bisect_right(self._opens, day) - 1 for day in range(self._from, self._to, MICROS_OF_DAY)]

    def _counts(self, day: int) -> bool:
        named = self.spec.business_days
        return named is None or (day + 6) % 7 in named

    def _build_year(self, year: int) -> None:
        region = self.spec.holidays
        off: Collection[date] = () if region is None else days_off(region, self.spec.not_holidays, year)
        first = date(year, 1, 1).toordinal()
        for day in range(first, date(year + 1, 1, 1).toordinal()):
            windows = []
            for opens, closes in self._written(date.fromordinal(day), off):
                utc = self.instant(day, opens * 60 * SECOND), self.instant(day, closes * 60 * SECOND)
                if utc[0] < utc[1]:
                    windows.append(utc)
            if windows:
                self._windows[day] = windows

    def _written(self, day: date, off: Collection[date]) -> tuple[Window, ...]:
        """The windows that the file gives for a date."""
        special = self.spec.open.get(day)
        if special is not None:
            return special
        if day in off or day in self.spec.closed:
            return ()
        return self.spec.hours[day.weekday()]
