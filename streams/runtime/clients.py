"""The broker clients: how a Faust configuration becomes aiokafka's; `writers` makes the producers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import IncompatibleBrokerVersion, UnknownError, UnsupportedVersionError
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list
from faust.types.settings import Settings as Conf
from mode import get_logger

from streams.runtime.assignor import SoleAssignor, StickyAssignor
from streams.runtime.settings import Settings

DISCONNECT_PATIENCE = 5.0  # a join or a broker that does not answer must not hold up the end
FETCH_TOTAL = 32 << 20  # bytes of one fetch response over all partitions: what bounds a worker's memory
FOLLOWED_FETCH = 1 << 20  # of a partition that is followed
NEVER = 1 << 40  # milliseconds
UNKNOWN_REQUEST = (UnknownError, UnsupportedVersionError, IncompatibleBrokerVersion)

log = get_logger(__name__)


def connection(conf: Conf) -> dict[str, Any]:
    """What every client needs: servers, name, time-out, TLS and SASL."""
    return {
        "bootstrap_servers": server_list(conf.broker_consumer, 9092),
        "client_id": conf.broker_client_id,
        "request_timeout_ms": int(conf.broker_request_timeout * 1000),
        **credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
    }


def group_consumer(client: Mapping[str, Any], conf: Conf, settings: Settings) -> AIOKafkaConsumer:
    """The consumer of all inputs, not yet started.

    Offsets are committed by us alone, and it is ours to say where to begin (`placing`); records are read only when
    their transaction is committed. No `client_rack`: a follower's end may lag, and the gate needs the leader's. One
    larger than the fetch size comes alone (brokers since 0.10.1). How seldom it polls is no sign of trouble: a worker
    without partitions never does, and aiokafka would have it leave the group and not join again (aiokafka issues 720,
    1187). Who hangs is found by the watchdog.
    """
    return AIOKafkaConsumer(
        **client,
        group_id=conf.id,
        group_instance_id=conf.consumer_group_instance_id or None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        fetch_max_wait_ms=int(settings.fetch_wait * 1000),
        fetch_max_bytes=FETCH_TOTAL,
        max_partition_fetch_bytes=conf.consumer_max_fetch_size,
        partition_assignment_strategy=[StickyAssignor()],
        session_timeout_ms=int(conf.broker_session_timeout * 1000),
        heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
        rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
        max_poll_interval_ms=NEVER,
    )


def following_consumer(client: Mapping[str, Any], conf: Conf, group: str, *, sole: bool) -> AIOKafkaConsumer:
    """The consumer of a `Follower`, not yet started: in a group of its own, with the time-outs of the lanes' group.

    It has no place to begin but those committed. It may pause for as long as it likes: who works may be held up.
    """
    return AIOKafkaConsumer(
        **client,
        group_id=group,
        group_instance_id=conf.consumer_group_instance_id or None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        fetch_max_bytes=FETCH_TOTAL // 4,
        max_partition_fetch_bytes=FOLLOWED_FETCH,
        partition_assignment_strategy=[SoleAssignor() if sole else StickyAssignor()],
        session_timeout_ms=int(conf.broker_session_timeout * 1000),
        heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
        rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
        max_poll_interval_ms=NEVER,
    )


def check(group: AIOKafkaConsumer | None) -> None:
    """Raise what aiokafka's coordination ended by or waits to tell: who fetches nothing would not hear of it."""
    coordinator = getattr(group, "_coordinator", None)
    if coordinator is not None:
        coordinator.check_errors()


def is_member(group: AIOKafkaConsumer) -> bool:
    """Whether the group has not told this consumer that it is no member any more.

    A commit of one that is none fails, and a failed commit makes aiokafka forget its member id, even a new one that it
    has got since: the group would wait for that member for a whole rebalance time-out.
    """
    return bool(group._coordinator.generation >= 0)  # noqa: SLF001 - nothing public tells


async def disconnect(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Stop a client, but do not wait for long: all that matters has been confirmed."""
    try:
        async with asyncio.timeout(DISCONNECT_PATIENCE):
            await client.stop()
    except TimeoutError:
        log.warning("a client of the broker did not stop in %s s: cut off", DISCONNECT_PATIENCE)
        sender = getattr(client, "_sender", None)  # of a producer, which would go on trying for ever
        if sender is not None and sender.sender_task is not None:
            sender.sender_task.cancel()
            await client.client.close()
