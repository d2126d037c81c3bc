"""One way to post: what is tried again and when, how a dead receiver is left in peace, and what is never said."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import ssl
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import trustme

from streams.delivery.answers import Answers, NoJournal
from streams.delivery.breaker import Breaker
from streams.delivery.ownership import Guarded
from streams.delivery.posting import THRESHOLD, Failed, Gone, Poster, Refused, Request
from streams.settings import SettingsError
from tests.child import free_port
from tests.unit.delivery.receivers import cut, hang, serving, trickle

ONE = Request(b"body", {"Content-Type": "text/plain"})


def poster(**options: Any) -> tuple[Poster, Answers]:
    answers = Answers(["hook"], NoJournal())
    return Poster("hook", answers, **{"timeout": 1.0, "first": 0.05, "longest": 0.4, **options}), answers


def results(answers: Answers) -> dict[str, int]:
    return {result: count for (_, result), count in answers.counts.items() if count}


MEANS = {
    500: Failed,
    503: Failed,
    408: Failed,
    425: Failed,
    429: Failed,
    400: Refused,
    404: Refused,
    301: Refused,
    410: Gone,
}


@pytest.mark.parametrize(("status", "kind"), MEANS.items())
async def test_what_an_answer_means(status: int, kind: type[Failed]) -> None:
    made, answers = poster()
    async with serving() as receiver, made:
        receiver.script = [status]
        receiver.extra = {"Location": receiver.url}
        with pytest.raises(Failed) as caught:
            await made.post(receiver.url, ONE)
    assert (type(caught.value), caught.value.status) == (kind, status)
    assert results(answers) == {kind.result: 1}
    assert len(receiver.bodies) == 1  # no redirect is followed: the signature is for one receiver


@pytest.mark.parametrize("fault", [hang, cut])
async def test_no_answer_is_a_failure(fault: Callable[..., Any]) -> None:
    made, answers = poster()
    async with serving() as receiver, made:
        receiver.script = [fault]
        with pytest.raises(Failed):
            await made.post(receiver.url, ONE)
    assert results(answers) == {"failed": 1}


async def test_an_answer_counts_when_its_status_is_there() -> None:
    made, _ = poster()
    async with serving() as receiver, made:
        receiver.script = [trickle]
        began = time.monotonic()
        assert (await made.post(receiver.url, ONE)).status == 200
        assert time.monotonic() - began < 0.9


async def test_nobody_listens() -> None:
    made, _ = poster()
    async with made:
        with pytest.raises(Failed):
            await made.post(f"http://127.0.0.1:{free_port()}/secret-path", ONE)


async def test_a_certificate_is_checked(tmp_path: Path) -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with serving(server) as receiver:
        stranger, _ = poster()
        async with stranger:
            with pytest.raises(Failed, match="Certificate"):
                await stranger.post(receiver.url, ONE)
        friend, _ = poster(ca_file=tmp_path / "ca.pem")
        async with friend:
            assert (await friend.post(receiver.url, ONE)).status == 204
    (tmp_path / "none.pem").write_text("nothing")
    with pytest.raises(SettingsError, match=r"hook: ca_file: .*none.pem"):
        poster(ca_file=tmp_path / "none.pem")


async def test_it_is_tried_until_it_is_taken_with_a_body_made_anew() -> None:
    made, answers = poster()
    bodies = (Request(b"%d" % n, {}) for n in range(10))
    heard: list[int | None] = []
    async with serving() as receiver, made:
        receiver.script = [503, 500, 429]
        answer = await made.until_taken(receiver.url, lambda: next(bodies), lambda error: heard.append(error.status))
    assert answer.status == 204
    assert receiver.bodies == [b"0", b"1", b"2", b"3"]
    assert heard == [503, 500, 429]
    assert results(answers) == {"failed": 3}


async def test_waits_grow_within_their_bounds() -> None:
    made, _ = poster(first=0.05, longest=0.3)
    async with serving() as receiver, made:
        receiver.script = [503] * (THRESHOLD - 1)
        await made.until_taken(receiver.url, lambda: ONE)
    waits = [after - before for before, after in pairwise(receiver.times)]
    for number, wait in enumerate(waits):
        least = min(0.3, 0.05 * 2**number)
        assert least <= wait < min(0.3, least + 0.05) + 0.8, (number, wait)  # at the end, what a busy machine needs


async def test_one_that_is_refused_waits_longest() -> None:
    made, answers = poster()
    async with serving() as receiver, made:
        receiver.script = [422]
        await made.until_taken(receiver.url, lambda: ONE)
    assert receiver.times[1] - receiver.times[0] >= 0.4
    assert results(answers) == {"refused": 1}


async def test_gone_is_gone() -> None:
    made, answers = poster()
    async with serving() as receiver, made:
        receiver.script = [410]
        with pytest.raises(Gone):
            await made.until_taken(receiver.url, lambda: ONE)
    assert results(answers) == {"gone": 1}


async def test_retry_after_in_seconds_holds_all_back() -> None:
    made, _ = poster()
    async with serving() as receiver, made:
        receiver.script = [429]
        receiver.extra = {"Retry-After": "1"}
        first = asyncio.create_task(made.until_taken(receiver.url, lambda: ONE))
        await asyncio.sleep(0.2)
        await made.until_taken(receiver.url, lambda: ONE)
        await first
    assert min(receiver.times[1:]) - receiver.times[0] >= 0.95


async def test_retry_after_as_a_date_of_the_receivers_own_clock() -> None:
    made, _ = poster()
    async with serving() as receiver, made:
        receiver.script = [503]
        then = 1_000_000_000.0
        dates = [email.utils.formatdate(at, usegmt=True) for at in (then, then + 1)]
        receiver.extra = {"Date": dates[0], "Retry-After": dates[1]}
        await made.until_taken(receiver.url, lambda: ONE)
    assert receiver.times[1] - receiver.times[0] >= 0.95


@pytest.mark.parametrize("text", ["soon", "-5", "", "Mon, 99 Foo"])
async def test_a_retry_after_that_is_none_is_nothing(text: str) -> None:
    made, _ = poster()
    async with serving() as receiver, made:
        receiver.script = [503]
        receiver.extra = {"Retry-After": text}
        await made.until_taken(receiver.url, lambda: ONE)
    assert receiver.times[1] - receiver.times[0] < 0.9


async def test_a_retry_after_of_days_is_an_hour() -> None:
    made, _ = poster()
    async with serving() as receiver, made:
        receiver.script = [503]
        receiver.extra = {"Retry-After": "999999"}
        with pytest.raises(Failed) as caught:
            await made.post(receiver.url, ONE)
    assert caught.value.after == 3_600


async def test_a_dead_receiver_is_left_in_peace_and_one_asks_first() -> None:
    made, _ = poster(open_seconds=0.3, longest=0.4)
    async with serving() as receiver, made:
        receiver.script = [503] * (THRESHOLD + 1)
        receiver.slow = 0.02
        tasks = [asyncio.create_task(made.until_taken(receiver.url, lambda: ONE)) for _ in range(THRESHOLD)]
        async with asyncio.timeout(5):
            while made.breaker(receiver.url).state != "open":  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.01)
        assert len(receiver.times) == THRESHOLD
        await asyncio.gather(*tasks)
        probe, second = receiver.times[THRESHOLD : THRESHOLD + 2]
        assert probe - receiver.times[THRESHOLD - 1] >= 0.29
        assert second - probe >= 0.29  # the first to ask failed, so it opened again
        assert made.breaker(receiver.url).state == "closed"


async def test_what_the_receiver_refuses_does_not_open_the_breaker() -> None:
    made, _ = poster(longest=0.01)
    async with serving() as receiver, made:
        receiver.script = [422] * (2 * THRESHOLD)
        await made.until_taken(receiver.url, lambda: ONE)
        assert made.breaker(receiver.url).state == "closed"
    assert len(receiver.times) == 2 * THRESHOLD + 1


async def test_what_we_withhold_ourselves_says_nothing_of_the_receiver() -> None:
    """A worker that was stopped has a dozen bodies to withhold when it wakes; then the receiver is asked at once."""
    made, answers = poster(longest=0.01, open_seconds=60.0)
    heard: list[Failed] = []
    looks = iter([False] * (THRESHOLD + 1))
    async with serving() as receiver, made:
        request = Request(Guarded(b"body", lambda: next(looks, True)), {"Content-Type": "text/plain"})
        await asyncio.wait_for(made.until_taken(receiver.url, lambda: request, heard.append), 5)
        assert made.breaker(receiver.url).state == "closed"
        assert len(receiver.bodies) == 1
    assert (heard, results(answers)) == ([], {})


async def test_so_many_at_a_time_and_who_waits_is_none_of_them() -> None:
    made, _ = poster(in_flight=2, longest=5.0)
    async with serving() as receiver, made:
        receiver.slow = 0.05
        receiver.script = [422, 422, 422]  # these wait five seconds for their next try
        stuck = [asyncio.create_task(made.until_taken(receiver.url, lambda: ONE)) for _ in range(3)]
        await asyncio.sleep(0.3)
        await asyncio.wait_for(asyncio.gather(*(made.until_taken(receiver.url, lambda: ONE) for _ in range(6))), 2)
        assert receiver.most == 2
        for task in stuck:
            task.cancel()


async def test_a_cancelled_try_says_nothing_against_the_receiver() -> None:
    breaker = Breaker(1, 60.0, lambda error: 0.0 if isinstance(error, Failed) else None)
    with pytest.raises(Failed):
        async with breaker:
            raise Failed("once")
    assert breaker.state == "open"
    breaker._until = asyncio.get_running_loop().time()
    assert breaker.state == "half-open"
    with pytest.raises(asyncio.CancelledError):
        async with breaker:
            raise asyncio.CancelledError
    assert breaker.state == "half-open"
    async with asyncio.timeout(1), breaker:  # the place of the one that asks is free again
        pass
    assert breaker.state == "closed"


@pytest.mark.parametrize("token", ["open-sesame\nX: y", "open-sesame\x00"])
async def test_a_header_that_is_none_is_a_failure_and_not_said(token: str) -> None:
    made, answers = poster(headers={"Authorization": f"Bearer {token}"})
    async with serving() as receiver, made:
        with pytest.raises(Failed) as caught:
            await made.post(receiver.url, ONE)
    assert "sesame" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert results(answers) == {"failed": 1}


async def test_neither_url_nor_secret_nor_answer_is_ever_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made, _ = poster(headers={"Authorization": "Bearer open-sesame"})
    said: list[str] = []
    async with serving() as receiver, made:
        receiver.script = [503, 422, cut, hang, 410]
        with pytest.raises(Gone) as caught:
            await made.until_taken(
                receiver.url, lambda: ONE, lambda error: said.append(f"{error!r} {error.__cause__!r} {error.reason}")
            )
    async with made:
        with pytest.raises(Failed) as nobody:
            await made.post(f"http://127.0.0.1:{free_port()}/secret-path", ONE)
    text = " ".join([*said, repr(caught.value), repr(nobody.value), *(each.getMessage() for each in caplog.records)])
    for secret in ("secret-path", "open-sesame", "127.0.0.1", "body"):
        assert secret not in text, secret
