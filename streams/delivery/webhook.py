"""The sink `webhook`: every event of `portal.alerts` over HTTP, at least once, in order per item.

Theory of operation. A follower of `portal.alerts` in a group of the sink's own. An item's events form a queue of their
own, worked by one task that tries the first until it is taken; so a receiver that does not take one holds up that item
alone. At most `in_flight` tries are under way; who waits for the next try is none of them. What the group commits is
the offset of the first event that is not taken: after a crash those behind it that were taken already come again,
under the same id.

`AHEAD` events of a partition at most lie between that one and the last in memory; then its partition waits, and the
others do not. When a partition is given up, tries under way may end, and what was not begun is left to the next owner.

A worker that was stopped may wake when another has long told what it has in hand. So a try is made only while the
group's word that the partition is ours is fresh, by a last look just before its body is written (`Guarded`); else the
group is asked. While the broker is away nothing is told.

410 says that the receiver wants no more. The sink stops, loudly, at this worker, until it is started again; what it
does not tell stays on Kafka, and its backlog shows it. Any other refusal is tried again, seldom: a receiver's mistake
must not lose an event.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from standardwebhooks import Webhook as Signer

from schemas import instants
from streams.delivery import cloudevents, sinks
from streams.delivery.answers import DELIVERED, Answers, Line
from streams.delivery.complaints import written
from streams.delivery.ownership import Guarded
from streams.delivery.posting import Failed, Gone, Poster, Request
from streams.runtime.batch import Lost
from streams.runtime.follower import Follower, Portion, Tenure
from streams.settings import SettingsError

if TYPE_CHECKING:
    from streams.runtime import App, Record

AHEAD: Final = 1_000
KEY: Final = "whsec_"
"""Before a secret of Standard Webhooks."""
LOOK_EVERY: Final = 0.05
QUIET_SECONDS: Final = 60.0
"""Between two words on what was not taken."""

log = logging.getLogger(__name__)


class Pile:
    """What is in hand of one partition. `waiting`: by key, in order; `pending`: offsets that are not taken."""

    def __init__(self) -> None:
        self.waiting: dict[bytes, deque[Record]] = {}
        self.pending: dict[int, None] = {}  # in order, for they came so
        self.couriers: set[asyncio.Task[None]] = set()
        self.closing = False

    def add(self, record: Record) -> bytes | None:
        """Its key, if nobody works on it yet."""
        self.pending[record.offset] = None
        key = record.key or b""
        if key in self.waiting:
            self.waiting[key].append(record)
            return None
        self.waiting[key] = deque([record])
        return key

    def taken(self, record: Record, tenure: Tenure) -> None:
        """It is done: mark how far all is."""
        del self.pending[record.offset]
        tenure.mark(next(iter(self.pending), tenure.handed))


class Webhook:
    """One such sink of a worker: a `Teller` and a `Holder`. `now`: UNIX seconds of the wall.

    SettingsError if its secret is none to sign with, or `ca_file` holds no certificates.
    """

    def __init__(
        self, name: str, sink: sinks.Webhook, file: sinks.SinksFile, app: App, topic: str, group: str,
        answers: Answers, now: Callable[[], float],
    ) -> None:  # fmt: skip
        self._name, self._sink, self._answers, self._now = name, sink, answers, now
        self._signer = signer(name, sink, file)
        self._poster = Poster(
            name, answers, timeout=sink.timeout, longest=sink.longest_wait, in_flight=sink.in_flight,
            ca_file=None if sink.ca_file is None else file.path(sink.ca_file),
            headers={} if sink.token is None else {"Authorization": f"Bearer {file.reveal(sink.token)}"},
        )  # fmt: skip
        self._piles: dict[Tenure, Pile] = {}
        self._gone = False
        self._not_taken, self._quiet_until = 0, 0.0
        self.follower = Follower(app, group, topic, self, ahead=AHEAD)

    async def run(self) -> None:
        """Tell until cancelled."""
        async with self._poster:
            await self.follower.run()

    def backlog(self) -> int:
        """Events of our partitions that were not taken."""
        return self.follower.unread() + sum(len(pile.pending) for pile in self._piles.values())

    # -- as the follower's holder -----------------------------------------------------------------

    async def taken(self, tenure: Tenure) -> None:
        """A partition is ours."""
        self._piles[tenure] = Pile()

    async def take(self, portion: Portion) -> None:
        """Queue its events by item."""
        pile = self._piles.get(portion.tenure)
        if pile is None or pile.closing:
            return  # it was given up while it lay in the channel
        for record in portion.records:
            key = pile.add(record)
            if key is not None and not self._gone:
                courier = asyncio.create_task(self._carry(portion.tenure, pile, key))
                pile.couriers.add(courier)
                courier.add_done_callback(pile.couriers.discard)

    async def given_up(self, tenure: Tenure) -> None:
        """Let tries under way end, and drop the rest."""
        pile = self._piles.get(tenure)
        if pile is None:
            return
        pile.closing = True
        try:
            async with asyncio.timeout(self._sink.timeout + 1):
                while pile.couriers:
                    self._cancel(pile, idle=True)
                    await asyncio.wait(pile.couriers, timeout=LOOK_EVERY)
        finally:
            self._cancel(pile, idle=False)
            del self._piles[tenure]

    def _cancel(self, pile: Pile, *, idle: bool) -> None:
        for courier in list(pile.couriers):
            if not (idle and self._poster.is_asking(courier)):
                courier.cancel()

    # -- one item ---------------------------------------------------------------------------------

    async def _carry(self, tenure: Tenure, pile: Pile, key: bytes) -> None:
        """Tell an item's events, one after the other, until there are no more."""
        queue = pile.waiting[key]
        try:
            while queue and not pile.closing:
                try:
                    await self._tell(queue[0], tenure)
                except _Stale:
                    await self._ask(tenure)
                else:
                    pile.taken(queue.popleft(), tenure)
            if not queue:
                del pile.waiting[key]
        except Lost:
            return  # its next owner tells them
        except Gone as error:
            self._stop(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours: the sink begins anew
            self.follower.fail(error)

    async def _ask(self, tenure: Tenure) -> None:
        """Whether the partition is still ours, however long that takes. Lost if not."""
        with contextlib.suppress(TimeoutError):
            await tenure.commit()

    async def _tell(self, record: Record, tenure: Tenure) -> None:
        try:
            event = cloudevents.Event(record.value or b"")
            plain = event.structured() if self._sink.mode == "structured" else event.binary()
        except cloudevents.NoEvent:
            log.warning(
                "sink %s: %s %s@%s is no CloudEvent and is passed over",
                self._name, record.topic, record.partition, record.offset,
            )  # fmt: skip
            return
        message = cloudevents.message_id(event.id)
        heard = _Heard(self, record, event.id)

        def make() -> Request:
            if tenure.stale:
                raise _Stale
            made = cloudevents.signed(plain, message, self._now(), self._signer)
            assert isinstance(made.body, bytes)
            return Request(Guarded(made.body, lambda: not tenure.stale), made.headers)

        answer = await self._poster.until_taken(self._sink.url, make, heard.failed)
        self._answers.count(self._name, DELIVERED)
        heard.note(DELIVERED, answer.status)

    def complain(self, error: Failed) -> None:
        """Log what was not taken: at once, then once a minute."""
        self._not_taken += 1
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_until and not isinstance(error, Gone):
            log.warning(
                "sink %s: tries that the receiver did not take: %d, the last: %s",
                self._name, self._not_taken, error.reason,
            )  # fmt: skip
            self._not_taken, self._quiet_until = 0, now + QUIET_SECONDS

    def journal(self, record: Record, event: str, result: str, status: int | None, reason: str | None) -> None:
        """A line for what became of an event."""
        at = instants.text(int(self._now()) * 1_000_000)
        line = Line(at=at, sink=self._name, event=event, result=result, status=status, reason=reason)
        self._answers.journal.note((record.key or b"").decode(errors="replace"), line)

    def _stop(self, error: Gone) -> None:
        """The receiver wants no more."""
        if self._gone:
            return
        self._gone = True
        log.error("sink %s: HTTP %s: it stops here until this worker is started again", self._name, error.status)
        for pile in self._piles.values():
            self._cancel(pile, idle=False)


def signer(name: str, sink: sinks.Webhook, file: sinks.SinksFile) -> Signer | None:
    """What signs its requests; None if nothing does. SettingsError if its secret is none to sign with.

    The library takes any text for a key, less what is no base64: a token that was put in its place would sign, wrongly.
    """
    if sink.secret is None:
        return None
    prefix, key = file.reveal(sink.secret)[: len(KEY)], file.reveal(sink.secret)[len(KEY) :]
    try:
        if prefix != KEY or not base64.b64decode(key, validate=True):
            raise ValueError
        return Signer(key)
    except ValueError:
        raise SettingsError(f"give `whsec_` and the key in base64 - at $.webhook{written(name)}.secret") from None


class _Stale(Exception):
    """Whether the partition is still ours has to be asked before anything is told."""


class _Heard:
    """What a receiver said to one event: noted when it changes."""

    def __init__(self, sink: Webhook, record: Record, event: str) -> None:
        self._sink, self._record, self._event = sink, record, event
        self._last: tuple[str, int | None, str | None] | None = None

    def failed(self, error: Failed) -> None:
        self._sink.complain(error)
        self.note(error.result, error.status, error.reason)

    def note(self, result: str, status: int | None, reason: str | None = None) -> None:
        if (result, status, reason) != self._last:
            self._last = result, status, reason
            self._sink.journal(self._record, self._event, result, status, reason)
