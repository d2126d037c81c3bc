"""A new policy is brought to items a little at a time, so that what comes up meanwhile is said in time (R5, R13)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams import watch
from streams.core.effects import Effects
from streams.runtime import Batch


@pytest.mark.parametrize(("left", "slices"), [(1_000, 3), (2, 2), (0, 0)])
async def test_a_tick_adopts_for_twenty_milliseconds(monkeypatch: pytest.MonkeyPatch, left: int, slices: int) -> None:
    """`left`: slices of items that are still to be brought under it, each of 8 ms."""

    class Engine:
        now, done = 0.0, 0

        @property
        def adopting(self) -> bool:
            return self.done < left

        def adopt(self, count: int, *, stamp: int) -> Effects:
            assert (count, stamp) == (watch.ADOPTED_AT_ONCE, 7)
            self.now += 0.008
            self.done += 1
            return Effects()

    engine, said = Engine(), list[Effects]()
    monkeypatch.setattr(watch, "perf_counter", lambda: engine.now)
    on = cast("watch.Watch", SimpleNamespace(_say=lambda _batch, effects, _now: said.append(effects)))
    watch.Watch._adopt(on, Batch(0), cast("Any", engine), 7)
    assert (engine.done, len(said)) == (slices, slices)
