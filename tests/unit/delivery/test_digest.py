"""Who is owed what, and when, by cases; `tests/property/test_digests.py` has the histories and the crashes."""

from __future__ import annotations

from schemas.alerts import AlertData
from streams.delivery.digest import Digest, Digests, Kind, News


def news(kind: Kind, alert: str, *to: str, mind: bool = False) -> News:
    data = AlertData(state="firing", workflow="message")
    event = f"{alert}:resolved" if kind is Kind.END else alert
    return News(kind, alert, event, to, data, mind=mind)


class Desk:
    """One partition read by one sink."""

    def __init__(self, *, resolved: bool = False, text: str = "", begin: int = 0) -> None:
        self.digests = Digests(["a", "b"], every=60, gather=5, resolved=resolved)
        self.digests.opened(0, begin, text)
        self.next = begin

    def begin(self, alert: str, *to: str, now: float = 100.0) -> list[str]:
        return self.take(news(Kind.BEGIN, alert, *to), now)

    def end(self, alert: str, *to: str, now: float = 100.0, mind: bool = False) -> list[str]:
        return self.take(news(Kind.END, alert, *to, mind=mind), now)

    def take(self, what: News | None, now: float = 100.0) -> list[str]:
        self.next += 1
        return [f"{each.address}:{each.news.alert}" for each in self.digests.take(0, self.next - 1, what, now)]

    def ready(self, address: str, now: float = 1e18) -> float | None:
        return self.digests.ready(address, now)

    def make(self, address: str) -> Digest:
        digest = self.digests.make(address)
        assert digest is not None
        return digest

    def tell(self, address: str, now: float = 105.0) -> list[str]:
        digest = self.make(address)
        assert self.digests.told(digest, now) == [0]
        return events(digest)


def events(digest: Digest) -> list[str]:
    return [each.event for each in digest.news]


def test_a_digest_waits_for_what_comes_with_its_first_alert_and_tells_it_together() -> None:
    desk = Desk()
    assert desk.ready("a") is None
    desk.begin("x", "a", now=100.0)
    desk.begin("y", "a", "b", now=103.0)
    assert desk.ready("a") == 105.0
    assert desk.ready("b") == 108.0
    assert desk.tell("a") == ["x", "y"]
    assert desk.ready("a") is None
    assert desk.tell("b") == ["y"]


def test_the_next_digest_of_an_address_comes_a_minute_later() -> None:
    desk = Desk()
    desk.begin("x", "a", now=100.0)
    desk.tell("a", now=105.0)
    desk.begin("y", "a", "b", now=110.0)
    assert desk.ready("a") == 165.0
    assert desk.ready("b") == 115.0
    desk.begin("z", "a", now=170.0)
    assert desk.ready("a") == 165.0


def test_what_is_over_before_it_was_told_is_struck_out() -> None:
    desk = Desk(resolved=True)
    desk.begin("x", "a", "b")
    assert desk.end("x", "a", "b") == ["a:x", "b:x"]
    assert desk.digests.make("a") is None
    assert desk.digests.progress(0, 100).floor == 2


def test_what_is_over_after_it_was_told_is_told_if_ends_are() -> None:
    for resolved in (False, True):
        desk = Desk(resolved=resolved)
        desk.begin("x", "a")
        desk.tell("a")
        assert desk.end("x", "a") == []
        assert (desk.digests.make("a") is not None) == resolved


def test_the_end_of_a_silence_is_told_always_but_not_if_the_silence_was_not() -> None:
    desk = Desk()
    desk.begin("feed", "a")
    desk.tell("a")
    desk.end("feed", "a", mind=True)
    assert desk.tell("a") == ["feed:resolved"]
    desk.begin("again", "a")
    assert desk.end("again", "a", mind=True) == ["a:again"]
    assert desk.digests.make("a") is None


def test_what_ends_while_it_is_being_told() -> None:
    for arrives in (True, False):
        desk = Desk(resolved=True)
        desk.begin("x", "a")
        digest = desk.make("a")
        assert desk.ready("a") is None
        assert desk.end("x", "a") == []
        if arrives:
            assert desk.digests.told(digest, 105.0) == [0]
            assert desk.tell("a") == ["x:resolved"]
        else:
            assert [each.news.alert for each in desk.digests.failed(digest)] == ["x"]
            assert desk.digests.make("a") is None
        assert desk.digests.progress(0, 200).floor == 2


def test_what_comes_while_a_digest_is_on_its_way_is_for_the_next_one() -> None:
    desk = Desk()
    desk.begin("x", "a")
    digest = desk.make("a")
    desk.begin("y", "a", now=110.0)
    assert events(digest) == ["x"]
    desk.digests.told(digest, 120.0)
    assert desk.digests.progress(0, 120).floor == 1
    assert desk.ready("a") == 180.0


def test_one_id_is_one_alert_however_often_it_is_said() -> None:
    desk = Desk()
    desk.begin("x", "a")
    desk.begin("x", "a")
    assert desk.tell("a") == ["x"]
    desk.begin("x", "a")
    assert desk.digests.make("a") is None


def test_a_successor_goes_on_for_each_from_where_he_stands() -> None:
    first = Desk()
    first.begin("x", "a", "b")
    first.begin("y", "b")
    first.tell("a", now=105.4)
    floor, text, exact = first.digests.progress(0, 106.0)
    assert (floor, exact) == (0, True)
    second = Desk(text=text, begin=floor)
    second.begin("x", "a", "b", now=107.0)
    second.begin("y", "b", now=107.0)
    second.begin("z", "a", now=107.0)
    assert second.ready("a") == 166.0  # a minute after the last one, up to the second
    assert second.tell("a") == ["z"]
    assert second.tell("b") == ["x", "y"]


def test_what_was_told_is_not_told_by_whoever_lost_the_partition_meanwhile() -> None:
    desk = Desk()
    desk.begin("x", "a")
    digest = desk.make("a")
    desk.digests.closed(0)
    assert desk.digests.told(digest, 105.0) == []
    assert desk.digests.backlog() == 0


def test_the_backlog_counts_each_alert_for_each_address() -> None:
    desk = Desk()
    desk.begin("x", "a", "b")
    desk.begin("y", "a")
    assert desk.digests.backlog() == 3
    desk.tell("a")
    assert desk.digests.backlog() == 1


def test_a_wall_that_is_put_back_holds_nobody_up() -> None:
    desk = Desk()
    desk.begin("x", "a", now=4_000.0)
    assert desk.ready("a", now=400.0) == 405.0
    assert desk.ready("a", now=404.0) == 405.0
    desk.tell("a", now=4_005.0)
    desk.begin("y", "a", now=405.0)
    assert desk.ready("a", now=406.0) == 466.0
