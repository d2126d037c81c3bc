"""Asks the broker what `planned` needs: the open alerts, the policy, and how far each sink has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from schemas import topics
from schemas.alerts import Alert
from streams import letters, policies
from streams.clock import Clock
from streams.connection import client_options
from streams.core.book import Book
from streams.delivery import planned, saying, sentences
from streams.delivery.answers import Answers, NoJournal, group
from streams.delivery.apprise import services
from streams.delivery.digest import Digest as Made
from streams.delivery.digest import Digests
from streams.delivery.planned import FIRST, Ahead, Digest, Planned
from streams.delivery.reached import progress
from streams.delivery.reading import Reader
from streams.delivery.rendering import Templates
from streams.delivery.sinks import Alertmanager, Apprise, Sink, SinksFile, Webhook, naming
from streams.delivery.webhook import signer
from streams.delivery.wording import Wording
from streams.runtime import Record
from streams.settings import Settings
from streams.web.identity import Identity
from streams.web.refs import Refs


class NotThere(LookupError):
    """Topics or the policy are missing; the message says which."""


class Ground(NamedTuple):
    """What all sinks are asked with."""

    given: Settings
    client: Mapping[str, Any]
    book: Book
    refs: Refs
    clock: Clock
    now: float
    """UNIX seconds of the wall."""
    ends: Mapping[TopicPartition, int]
    """Of `portal.alerts`."""


async def plan(given: Settings, file: SinksFile, wanted: Mapping[str, Sink], clock: Clock) -> list[Planned]:
    """What each of these sinks would be sent now, by name.

    Raises:
        NotThere: the topics, or a policy, are not there.
        PolicyError: this version of the program refuses the policy.
        SettingsError: a recipient's URL is none, a secret none to sign with, or a template is wrong.
    """
    client = client_options(given)
    ground = await _ground(given, client, clock)
    still = await _open(ground) if any(isinstance(sink, Alertmanager) for sink in wanted.values()) else []
    plans = []
    for name, sink in sorted(wanted.items()):
        if isinstance(sink, Alertmanager):
            wording = Wording(ground.book, sink, ground.refs, sink.links_to(given.advertised_url), clock.wall)
            plans.append(planned.of_alertmanager(name, sink, wording, still, ground.now))
        elif isinstance(sink, Webhook):
            with naming(given.sinks):
                signer(name, sink, file)  # refused here as at a worker's start
            plans.append(await _webhook(ground, name, sink))
        elif isinstance(sink, Apprise):
            with naming(given.sinks):
                plans.append(await _apprise(ground, name, sink, file))
    return plans


async def _ground(given: Settings, client: Mapping[str, Any], clock: Clock) -> Ground:
    names = [topic.name(given.prefix) for topic in (topics.ALERTS, topics.OPEN_ALERTS, topics.POLICY)]
    counts = await letters.counts(client, names)
    if missing := [name for name in names if name not in counts]:
        raise NotThere(
            f"{', '.join(missing)}: not there; give the PREFIX (it is `{given.prefix}`) of a system that ran"
        )
    consumer, decree = await policies.open_at_end(client, names[2])
    await consumer.stop()
    if decree is None:
        raise NotThere(f"{names[2]} has no policy: nothing is judged until `policy apply` or a worker writes one")
    ends = await letters.ends(client, [TopicPartition(names[0], number) for number in range(counts[names[0]])])
    book = Book(decree.policy, decree.text)
    return Ground(given, client, book, Refs(Identity(given).refs_key), clock, clock.wall(clock.now()), ends)


async def _open(ground: Ground) -> list[Alert]:
    """The alerts that stand open."""
    still: dict[bytes, bytes] = {}
    async for some in letters.records(ground.client, topics.OPEN_ALERTS.name(ground.given.prefix)):
        for record in some:
            if record.value is None:
                still.pop(record.key or b"", None)
            else:
                still[record.key or b""] = record.value
    return [alert for value in still.values() if (alert := saying.read(value)) is not None]


async def _webhook(ground: Ground, name: str, sink: Webhook) -> Planned:
    came = await progress(ground.client, group(ground.given.app_id, name), list(ground.ends))
    begins = {place: each.offset for place, each in came.items() if each.offset < ground.ends[place]}
    behind, first = 0, list[Ahead]()
    async for some in letters.at(ground.client, list(begins), begins):
        behind += len(some)
        if len(first) < FIRST:
            first += [ahead for record in some if (ahead := _ahead(record)) is not None]
    return planned.of_webhook(name, sink, behind, first[:FIRST])


async def _apprise(ground: Ground, name: str, sink: Apprise, file: SinksFile) -> Planned:
    """A digest for each service that is owed something, as the sink would make it if none were on its way."""
    came = await progress(ground.client, group(ground.given.app_id, name), list(ground.ends))
    addresses = list(services(name, sink, file))
    of = {who: [each for each in addresses if each.rpartition("#")[0] == who] for who in sink.recipients}
    reader = Reader(name, sink, of, lambda: ground.book, lambda: ground.refs, Answers([name], NoJournal()))
    digests = Digests(addresses, every=sink.every, gather=sink.gather, resolved=sink.resolved)
    for place, each in came.items():
        digests.opened(place.partition, each.offset, each.metadata)
    begins = {place: each.offset for place, each in came.items() if each.offset < ground.ends[place]}
    async for some in letters.at(ground.client, list(begins), begins):
        for record in some:
            digests.take(record.partition, record.offset, reader.news(record.value, ground.now), ground.now)
    templates = Templates(name, None if sink.templates is None else file.path(sink.templates))
    made = [digest for address in addresses if (digest := digests.make(address)) is not None]
    return planned.of_apprise(name, sink, [_digest(ground, sink, templates, each) for each in made])


def _digest(ground: Ground, sink: Apprise, templates: Templates, digest: Made) -> Digest:
    policy = ground.book.policy
    when = sentences.in_zone_of(policy, ground.now, ground.clock.wall)
    board = sink.links_to(ground.given.advertised_url)
    text = sentences.compose(digest.news, sentences.ladder(policy), when, f"{board}/")
    message = templates.render(text)
    return Digest(
        recipient=digest.address.rpartition("#")[0], title=message.title, body=message.body, alerts=len(digest.items)
    )


def _ahead(record: Record) -> Ahead | None:
    alert = saying.read(record.value)
    return None if alert is None else Ahead(id=alert.id, partition=record.partition, offset=record.offset)
