"""What became of each alert when the broker was long away: only what a shut gate allows is well."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from schemas import alerts, instants
from schemas.alerts import Alert
from tests.chaos.absence import AS_OFFLINE, FALSE, LATE, LOST, NAMED, NEVER_SAID, OTHER, UNTOLD, account
from tests.chaos.made import UNTIL
from tests.chaos.plan import micros
from tests.chaos.replay import in_order, play
from tests.chaos.test_explain import DESK, came, window
from tests.chaos.windows import Window

EVENTS = [
    came("message.sent", 0, {"department": "b", "owner": "o"}),
    came("command.acknowledged", 50, DESK),
    came("message.replied", 100, {}),
]
WANT = {alert.id: alert for alert in play(in_order(EVENTS), UNTIL).alerts}
GONE, NEVER = window(14, 24), window(190, 191)
Change = Callable[[Alert], Alert | None]


def fates(change: Change, shut: Window = GONE) -> Mapping[str, set[str]]:
    """The stages by what became of them, but for those that are as offline."""
    got = {alert_id: changed for alert_id, alert in WANT.items() if (changed := change(alert)) is not None}
    found = account(WANT, WANT, got, shut)
    return {
        fate: {(WANT.get(i) or got[i]).data.stage or "" for i in ids}
        for fate, ids in found.items()
        if ids and fate != AS_OFFLINE
    }


def other(alert: Alert, **data: object) -> Alert:
    return replace(alert, data=replace(alert.data, **data))


def test_all_as_offline() -> None:
    assert fates(lambda alert: alert) == {}


def test_a_stage_that_fell_meanwhile_is_named_or_lost() -> None:
    def named(alert: Alert) -> Alert | None:
        if alert.data.stage == "due-soon":
            return None
        return (
            other(alert, notify=["owner", "on_call"], recipients=["o", "call"])
            if alert.data.stage == "imminent"
            else alert
        )

    assert fates(named) == {NAMED: {"due-soon"}, NEVER_SAID: {"due-soon"}, LATE: {"imminent"}}
    assert fates(named, NEVER)[LOST] == {"due-soon"}
    alone = fates(lambda alert: None if alert.data.stage == "due-soon" else alert)
    assert alone == {LOST: {"due-soon"}, NEVER_SAID: {"due-soon"}}, "what came later called others"


def test_a_notice_is_not_named_in_anything() -> None:
    assert fates(lambda alert: None if alert.type == alerts.NOTICE else alert, window(0, 60)) == {
        LOST: {"acknowledged"}
    }


def test_who_is_called_and_why_is_compared() -> None:
    assert fates(lambda a: other(a, recipients=["nobody"]) if a.data.stage == "missed" else a, window(0, 60)) == {
        OTHER: {"missed"}
    }


def test_what_is_said_late_says_so() -> None:
    def late(alert: Alert, **data: object) -> Alert:
        if alert.data.stage != "missed" or alert.type != alerts.FIRED:
            return alert
        return other(replace(alert, time=instants.text(instants.parse(alert.time) + micros(61))), **data)

    assert fates(late, window(0, 95)) == {UNTOLD: {"missed"}}
    assert fates(lambda alert: late(alert, catch_up=True), window(0, 95)) == {LATE: {"missed"}}
    assert fates(lambda alert: late(alert, catch_up=True)) == {UNTOLD: {"missed"}}, "nothing held it back"


def test_what_the_backtest_never_says_is_false() -> None:
    got = {**WANT, "message:2:reply:x:missed": next(iter(WANT.values()))}
    assert account(WANT, WANT, got, GONE)[FALSE] == ["message:2:reply:x:missed"]
