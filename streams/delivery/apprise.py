"""The sink `apprise`: people are told in digests, by any service that the Apprise library knows.

Theory of operation. A follower of `portal.alerts` in a group of the sink's own, all of whose partitions one worker
holds while the others stand by: so a recipient gets one digest, not one from each worker. `digest` judges what each
address is owed and when; here one task for each address makes its digest, calls its service, and at once commits how
far the address came. A service that does not take it is tried again with backoff, behind a breaker, with a digest made
anew: the state as it stands then. Nothing is told while records are known to lie ahead unread (for a minute at most):
what they end need not be said.

A worker that was stopped for a while must not tell what another has told: before each call the group's word that the
partitions are ours has to be fresh, or it is asked; a stop between that look and the end of the call is not seen.
Between a service's answer and the commit that follows it nothing is waited for but that commit; who dies in between
leaves a digest that may come again. When partitions are given up, calls under way are waited for, and none begins.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import stamina
from aiokafka.errors import KafkaError

from schemas import instants
from streams.core.book import Book
from streams.delivery import sentences, sinks
from streams.delivery.answers import DELIVERED, FAILED, SUPERSEDED, Answers, Line
from streams.delivery.breaker import Breaker
from streams.delivery.complaints import written
from streams.delivery.digest import Digest, Digests, Struck
from streams.delivery.posting import FIRST_WAIT, JITTER, OPEN_SECONDS, THRESHOLD, Failed
from streams.delivery.reading import Reader
from streams.delivery.rendering import Templates
from streams.delivery.services import NotAUrl, Service
from streams.runtime.batch import Lost
from streams.runtime.follower import Follower, Portion, Tenure
from streams.settings import SettingsError
from streams.web.refs import Refs

if TYPE_CHECKING:
    from streams.runtime import App

AHEAD: Final = 1 << 62
"""Offsets past the first that somebody is owed: as many as there are, for only what is owed is kept of them."""
CHUNK: Final = 200
"""Records that are taken in between two turns of the loop: some milliseconds."""
LONGEST_CATCH_UP: Final = 60.0
"""Seconds that a digest waits at most for records that are known to lie ahead."""
LOOK_EVERY: Final = 0.2

log = logging.getLogger(__name__)


class People:
    """One such sink of a worker: a `Teller` and a `Holder`.

    Args:
        book: the policy in force. refs: makes references. url: of the board, without a slash at its end.
        now: UNIX seconds of the wall. wall: the wall's UNIX seconds at an instant of the clock (microseconds).

    Raises:
        SettingsError: a recipient's URL is none, or a template is wrong.
    """

    def __init__(
        self, name: str, sink: sinks.Apprise, file: sinks.SinksFile, app: App, topic: str, group: str,
        answers: Answers, now: Callable[[], float], *, book: Callable[[], Book], refs: Callable[[], Refs], url: str,
        wall: Callable[[int], float],
    ) -> None:  # fmt: skip
        self._name, self._sink, self._answers, self._now = name, sink, answers, now
        self._book, self._url, self._wall = book, sink.links_to(url), wall
        self._services = services(name, sink, file)
        addresses = {who: [a for a in self._services if a.rpartition("#")[0] == who] for who in sink.recipients}
        self._several = {who for who, theirs in addresses.items() if len(theirs) > 1}
        self._reader = Reader(name, sink, addresses, book, refs, answers)
        self._templates = Templates(name, None if sink.templates is None else file.path(sink.templates))
        self._digests = Digests(self._services, every=sink.every, gather=sink.gather, resolved=sink.resolved)
        self._breakers = {
            each: Breaker(THRESHOLD, min(OPEN_SECONDS, sink.longest_wait), _against) for each in self._services
        }
        self._wake = {address: asyncio.Event() for address in self._services}
        self._idle = {address: asyncio.Event() for address in self._services}
        for idle in self._idle.values():
            idle.set()
        self._parting = 0
        self._tenures: dict[int, Tenure] = {}
        self._crowded = False
        self.follower = Follower(app, group, topic, self, sole=True, ahead=AHEAD, chunk=CHUNK)

    async def run(self) -> None:
        """Tell until cancelled."""
        tasks = [asyncio.create_task(self._serve(address)) for address in self._services]
        try:
            await self.follower.run()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def backlog(self) -> int:
        """Alerts that are owed, each for each address, and what was not read yet."""
        return self.follower.unread() + self._digests.backlog()

    # -- as the follower's holder -----------------------------------------------------------------

    async def taken(self, tenure: Tenure) -> None:
        """A partition is ours."""
        self._tenures[tenure.partition] = tenure
        self._digests.opened(tenure.partition, tenure.marked, tenure.metadata)

    async def take(self, portion: Portion) -> None:
        """Take in what was said."""
        tenure = portion.tenure
        if self._tenures.get(tenure.partition) is not tenure:
            return  # it was given up while it lay in the channel
        now = self._now()
        for record in portion.records:
            news = self._reader.news(record.value, now)
            self._strike(self._digests.take(tenure.partition, record.offset, news, now))
        self._mark(tenure)
        for address, event in self._wake.items():
            if self._digests.ready(address, now) is not None:
                event.set()

    async def given_up(self, tenure: Tenure) -> None:
        """Let calls under way end, and forget the rest."""
        self._parting += 1
        try:
            async with asyncio.timeout(self._sink.timeout + 1):
                await asyncio.gather(*(idle.wait() for idle in self._idle.values()))
        except TimeoutError:
            log.warning("sink %s: a call takes too long to be waited for; what it tells may come again", self._name)
        finally:
            self._parting -= 1
            if self._tenures.get(tenure.partition) is tenure:
                del self._tenures[tenure.partition]
                self._digests.closed(tenure.partition)

    def _mark(self, tenure: Tenure) -> None:
        floor, text, exact = self._digests.progress(tenure.partition, self._now())
        tenure.mark(floor, text)
        if self._crowded == exact:
            self._crowded = not exact
            if self._crowded:
                log.warning(
                    "sink %s: too many recipients are behind to be named in a commit: should this worker die now, "
                    "some may be told again", self._name,
                )  # fmt: skip

    # -- one address ------------------------------------------------------------------------------

    async def _serve(self, address: str) -> None:
        """Tell one address whenever it is time."""
        while True:
            try:
                when = self._digests.ready(address, self._now())
                if when is None:
                    self._wake[address].clear()
                    await self._wake[address].wait()
                elif (left := when - self._now()) > 0:
                    await asyncio.sleep(min(left, 1.0))  # in short steps: the wall may be put forward
                elif self._parting or (self.follower.unread() and -left < LONGEST_CATCH_UP):
                    await asyncio.sleep(LOOK_EVERY)
                else:
                    await self._until_told(address)
            except Exception as error:  # noqa: BLE001 - a fault of ours: the sink begins anew
                self.follower.fail(error)
                return

    async def _until_told(self, address: str) -> None:
        async for attempt in stamina.retry_context(
            on=Failed, attempts=None, timeout=None, wait_initial=min(FIRST_WAIT, self._sink.longest_wait),
            wait_max=self._sink.longest_wait, wait_jitter=min(JITTER, self._sink.longest_wait),
        ):  # fmt: skip
            with attempt:
                async with self._breakers[address]:
                    await self._tell(address)

    async def _tell(self, address: str) -> None:
        """One try. Failed: the service did not take it."""
        if self._parting:
            return
        self._idle[address].clear()
        try:
            if (digest := self._digests.make(address)) is None:
                return
            arrived = False
            try:
                if await self._still_ours(digest):
                    arrived = await self._call(address, digest)
            finally:
                if not arrived:
                    self._strike(self._digests.failed(digest))
            if arrived:
                await self._arrived(digest)
        finally:
            self._idle[address].set()

    async def _still_ours(self, digest: Digest) -> bool:
        """Whether the group still knows us: what we were going to tell may be somebody else's by now."""
        tenures = [each for number in {part.number for part, _ in digest.items} if (each := self._tenures.get(number))]
        try:
            if any(tenure.stale for tenure in tenures):
                await self.follower.commit(tenures)
        except Lost:
            await asyncio.sleep(LOOK_EVERY)  # the follower is about to say so
            return False
        except TimeoutError:
            raise Failed("the broker does not say whether it is ours") from None
        return bool(tenures)

    async def _call(self, address: str, digest: Digest) -> bool:
        """Whether the service took it. Failed if not, counted."""
        policy = self._book().policy
        when = sentences.in_zone_of(policy, self._now(), self._wall)
        text = sentences.compose(digest.news, sentences.ladder(policy), when, f"{self._url}/")
        kind = "failure" if text.critical else "success" if text.over else "warning"
        service = self._services[address]
        answer = service.begin(self._templates.render(text), kind=kind)
        late = False
        try:
            await service.patience(answer)
        except Failed as error:
            late = True
            self._failed(address, digest, error)
        taken = await answer  # a second call beside it might tell people twice
        if not taken and not late:
            self._failed(address, digest, Failed("the service did not take it"))
        if not taken:
            raise Failed("the service did not take it")
        return True

    async def _arrived(self, digest: Digest) -> None:
        """It arrived: say so to the group before anything else is done."""
        numbers = self._digests.told(digest, self._now())
        tenures = [self._tenures[number] for number in numbers]
        for tenure in tenures:
            self._mark(tenure)
        try:
            await self.follower.commit(tenures)
        except (Lost, TimeoutError, KafkaError):  # the next commit says it too, if there is one
            log.warning("sink %s: a digest that arrived could not be committed, and may come again", self._name)
        self._answers.count(self._name, DELIVERED, len(digest.items))
        for _, owed in digest.items:
            self._note(digest.address, owed.news.item, owed.news.event, DELIVERED)

    # -- what is counted and noted ----------------------------------------------------------------

    def _failed(self, address: str, digest: Digest, error: Failed) -> None:
        self._answers.count(self._name, FAILED)
        log.warning(
            "sink %s: a digest for %s[%s], of %d alerts, failed: %s",
            self._name, *address.rsplit("#", 1), len(digest.items), error.reason,
        )  # fmt: skip
        for _, owed in digest.items:
            if not owed.failed:
                self._note(address, owed.news.item, owed.news.event, FAILED, error.reason)

    def _strike(self, struck: Iterable[Struck]) -> None:
        for address, news in struck:
            self._answers.count(self._name, SUPERSEDED)
            self._note(address, news.item, news.event, SUPERSEDED)

    def _note(self, address: str, item: str, event: str, result: str, reason: str | None = None) -> None:
        at = instants.text(int(self._now()) * instants.SECOND)
        who, _, number = address.rpartition("#")
        line = Line(
            at=at, sink=self._name, event=event, result=result, reason=reason, recipients=(who,),
            service=int(number) if who in self._several else None,
        )  # fmt: skip
        self._answers.journal.note(item, line)


def services(name: str, sink: sinks.Apprise, file: sinks.SinksFile) -> Mapping[str, Service]:
    """By address: `recipient#0` and so on. SettingsError names the recipient whose URL is none, and not the URL."""
    made: dict[str, Service] = {}
    ca_file = None if sink.ca_file is None else file.path(sink.ca_file)
    for recipient, secrets in sink.recipients.items():
        several = isinstance(secrets, list)
        for number, secret in enumerate(secrets if isinstance(secrets, list) else [secrets]):
            try:
                service = Service(file.reveal(secret), timeout=sink.timeout, ca_file=ca_file)
            except NotAUrl as error:
                which = written(number) if several else ""
                place = f"$.apprise{written(name)}.recipients{written(recipient)}{which}"
                raise SettingsError(f"{error} - at {place}") from None
            made[f"{recipient}#{number}"] = service
    return made


def _against(error: BaseException) -> float | None:
    return error.after if isinstance(error, Failed) else None


__all__ = ["People"]
