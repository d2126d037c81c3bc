"""A broker's first group: its coordinator is still being made, and librdkafka does not wait for it by itself."""

from __future__ import annotations

import stamina
from confluent_kafka import KafkaError, KafkaException

COMING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
SECONDS = 20.0


def is_coming(error: Exception) -> bool:
    """Whether the coordinator will be there in a moment."""
    return isinstance(error, KafkaException) and error.args[0].code() in COMING


awaited = stamina.retry(on=is_coming, attempts=None, timeout=SECONDS, wait_initial=0.05, wait_max=1.0)
"""Wraps a call about a group's offsets: it is tried until the coordinator is there, for `SECONDS` at most."""
