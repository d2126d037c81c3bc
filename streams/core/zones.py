"""Local time of a zone (contract T8): wall clocks to instants and back, also where clocks are changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.instants import DAY_SECONDS, EPOCH, EPOCH_ORDINAL, SECOND

MICROS_OF_DAY = DAY_SECONDS * SECOND
_NAIVE_EPOCH = datetime(1970, 1, 1)


class Zone:
    """A zone of the IANA database; instants are microseconds UTC, days are proleptic ordinals."""

    def __init__(self, info: ZoneInfo) -> None:
        self.info = info
        self._offsets: dict[int, int | None] = {}

    def instant(self, day: int, local: int) -> int:
        """The instant of `local` microseconds after the local midnight of `day` (T8)."""
        offset = self._offset(day)
        if offset is not None and 0 <= local < 2 * MICROS_OF_DAY:
            return (day - EPOCH_ORDINAL) * MICROS_OF_DAY + local - offset
        naive = datetime.fromordinal(day) + timedelta(microseconds=local)
        first = naive.replace(tzinfo=self.info)
        before, after = first.utcoffset(), first.replace(fold=1).utcoffset()
        assert before is not None
        assert after is not None
        wall = (naive - _NAIVE_EPOCH) // timedelta(microseconds=1)
        if after <= before:
            return wall - before // timedelta(microseconds=1)
        return self._gap_end(wall, before // timedelta(seconds=1), after // timedelta(seconds=1))

    def _offset(self, day: int) -> int | None:
        """The offset from UTC, in microseconds, from the midnight of `day` for two days; None if it changes."""
        try:
            return self._offsets[day]
        except KeyError:
            found = {datetime.fromordinal(day + n).replace(tzinfo=self.info).utcoffset() for n in (-1, 0, 1, 2, 3)}
            offset = found.pop()
            constant = not found and offset is not None
            self._offsets[day] = offset // timedelta(microseconds=1) if constant and offset is not None else None
            return self._offsets[day]

    def _gap_end(self, wall: int, before: int, after: int) -> int:
        """The instant at which the offset changes from `before` to `after` seconds, around `wall`."""
        low, high = wall // SECOND - after, wall // SECOND - before + 1
        while low < high:
            middle = (low + high) // 2
            offset = (EPOCH + timedelta(seconds=middle)).astimezone(self.info).utcoffset()
            if offset is not None and offset // timedelta(seconds=1) == before:
                low = middle + 1
            else:
                high = middle
        return low * SECOND

    def local(self, at: int, day: int) -> int:
        """Local wall time of `at`, in microseconds since the local midnight of `day`."""
        offset = self._offset(day)
        if offset is not None:
            local = at + offset - (day - EPOCH_ORDINAL) * MICROS_OF_DAY
            if 0 <= local < 2 * MICROS_OF_DAY:
                return local
        wall = (EPOCH + timedelta(microseconds=at)).astimezone(self.info).replace(tzinfo=None)
        return (wall - datetime.fromordinal(day)) // timedelta(microseconds=1)
