"""A run judged in portions and in several processes is judged as if it were not."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from schemas import alerts
from tests.chaos import checks, judging
from tests.chaos.judging import deal, judge, lines_of
from tests.chaos.load import Sent
from tests.chaos.made import NOTHING, SHUT, START, STOP, UNTIL, fired, found, held, said, sent
from tests.chaos.plan import SECOND, Planned, encode, micros


def shuffled() -> list[Sent]:
    """Events as a load sends them: some up to 0.8 s late, some again."""
    log = sorted(enumerate(sent()), key=lambda pair: pair[1].event.at + (pair[0] % 7 == 0) * micros(0.8))
    return [each for _, each in log] + [replace(each, again=True) for _, each in log[::29]]


def test_parts_of_the_offline_run_say_what_one_run_says(monkeypatch: pytest.MonkeyPatch) -> None:
    log = shuffled()
    whole = checks.offline((each.event.line for each in log), UNTIL)
    monkeypatch.setattr(judging, "PORTION", 11)
    portions = deal(log, NOTHING).portions
    assert len(portions) > 10
    parts = [checks.offline(lines_of(portion), UNTIL) for portion in portions]
    assert {key: said for part in parts for key, said in part.items()} == whole


def test_events_of_other_portions_move_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that comes long after it was given: stages came meanwhile, if anything moved the time."""

    def event(item: str, verb: str, seconds: float) -> Sent:
        at = START + micros(seconds)
        line = encode(f"{item}-{verb}", item, f"message.{verb}", at, {"department": "a", "priority": "urgent"})
        return Sent(Planned(at, "message", item, line), False, at / SECOND, 0)

    log = [event("m-1", "sent", 0), event("m-2", "sent", 20), event("m-1", "replied", 2), event("m-1", "sent", 30)]
    monkeypatch.setattr(judging, "PORTION", 1)
    first, _ = deal(log, NOTHING).portions
    want = checks.offline((each.event.line for each in log), UNTIL)["message:m-1"]
    assert [alert.data.stage for alert in want.values()][:2] == ["half", "missed"]
    assert checks.offline(lines_of(first), UNTIL)["message:m-1"] == want
    assert len(list(lines_of(first))) == 4, "its three events, and one for all that moved the time before the reply"


@pytest.mark.timeout(60)
def test_several_processes_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    log = sent()
    there = found(log, held)
    alert = fired(there, START, UNTIL)[-1]
    del there.said[alert.id]
    alone = judge(log, there, [SHUT], STOP, jobs=1)
    monkeypatch.setattr(judging, "PORTION", 40)
    shared = judge(log, there, [SHUT], STOP, jobs=2)
    assert asdict(shared) == asdict(alone)
    assert alone.findings
    assert alone.excused


def test_what_is_said_of_an_item_that_never_was_is_false() -> None:
    log = sent(20)
    there = found(log)
    strange = fired(there, START, UNTIL)[0]
    log = [each for each in log if each.event.key != strange.subject]
    findings = judge(log, there, [], STOP).findings
    assert {each.what for each in findings} == {"false", "table"}
    assert all(f":{strange.subject}:" in each.about for each in findings)


def test_an_alert_is_kept_as_its_bytes() -> None:
    alert = fired(found(sent(20)), START, UNTIL)[0]
    kept = said(alert, START / SECOND)
    assert (kept.alert, kept.type) == (alert, alerts.FIRED)
