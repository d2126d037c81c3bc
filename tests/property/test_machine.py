"""A stateful machine against the slow model: events, time, crashes and new policies in any order (R1 to R13, R15).

After every rule core and model have said the same alerts, field by field, and sent the same dead letters; no id was
said twice but after a crash; and what stands among the open alerts is what fired and was not resolved.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.property.machine import Pair
from tests.property.machine_events import AHEAD, BACK, LONG, Outline, line, outlines
from tests.property.machine_policies import ALIKE, LEAST_REMEMBERED, POLICIES, leaves, reachable

TORN = st.integers(0, 3).map(lambda n: n == 3)


class Machine(RuleBasedStateMachine):
    """One partition with a few items; hypothesis chooses what happens next."""

    pair: Pair

    @initialize(policy=st.sampled_from(ALIKE))
    def begin(self, policy: str) -> None:
        self.pair, self.version = Pair(POLICIES[policy]), policy
        self.left: set[str] = set()
        self.lines: list[tuple[int, str]] = []

    def send(self, outline: Outline, time: int) -> str:
        self.lines.append((time, line(outline, f"e{len(self.lines)}", time)))
        return self.lines[-1][1]

    def recent(self) -> list[str]:
        """Events of items that are not forgotten: of one that is, an id may come a second time (section 5)."""
        return [text for time, text in self.lines if time > self.pair.now - LEAST_REMEMBERED]

    @rule(outline=outlines(), ahead=AHEAD, torn=TORN)
    def in_order(self, outline: Outline, ahead: int, torn: bool) -> None:
        self.pair.send([self.send(outline, self.pair.now + ahead)], torn=torn)

    @rule(outline=outlines(), back=BACK, torn=TORN)
    def late(self, outline: Outline, back: int, torn: bool) -> None:
        self.pair.send([self.send(outline, self.pair.now - back)], torn=torn)

    @rule(burst=st.lists(st.tuples(outlines(), AHEAD | BACK.map(lambda n: -n)), min_size=2, max_size=4), torn=TORN)
    def several_at_once(self, burst: list[tuple[Outline, int]], torn: bool) -> None:
        now = self.pair.now
        self.pair.send([self.send(outline, now + shift) for outline, shift in burst], torn=torn)

    @precondition(lambda self: bool(self.recent()))
    @rule(data=st.data(), torn=TORN)
    def again(self, data: st.DataObject, torn: bool) -> None:
        """R4: the same events, once or twice more."""
        self.pair.send(data.draw(st.lists(st.sampled_from(self.recent()), min_size=1, max_size=2)), torn=torn)

    @rule(ahead=LONG, torn=TORN)
    def time_passes(self, ahead: int, torn: bool) -> None:
        self.pair.wait(self.pair.now + ahead, torn=torn)

    @rule(backwards=st.booleans())
    def crash(self, backwards: bool) -> None:
        self.pair.crash(backwards=backwards)

    @rule(data=st.data(), parts=st.integers(0, 2), torn=TORN)
    def new_policy(self, data: st.DataObject, parts: int, torn: bool) -> None:
        policy = data.draw(st.sampled_from(reachable(self.left, self.version)))
        self.left |= leaves(self.version, policy)
        self.version = policy
        self.pair.decree(POLICIES[policy], parts=parts, torn=torn)

    @invariant()
    def core_and_model_agree(self) -> None:
        difference = self.pair.difference()
        assert not difference, difference

    @invariant()
    def open_is_what_fired_and_was_not_resolved(self) -> None:
        shelf, fired = self.pair.open_alerts()
        assert shelf == fired

    @invariant()
    def nothing_is_left_undone(self) -> None:
        moment = self.pair.engine.next_moment()
        assert moment is None or moment > self.pair.engine.now


TestMachine = pytest.mark.timeout(1800)(Machine.TestCase)
TestMachine.settings = settings(max_examples=settings().max_examples * 3, stateful_step_count=25)
