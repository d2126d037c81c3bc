"""A worker's place in the group: which partitions it was given, and how often the group has put it out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from aiokafka import TopicPartition, errors
from aiokafka.errors import BrokerResponseError, KafkaError
from faust.exceptions import ImproperlyConfigured

TIMES, WITHIN = 3, 60.0
"""So often within so many seconds is no chance. A worker that was stopped for too long is put out once."""
TWICE = "another worker seems to have the same group instance id"


def numbers(assigned: Iterable[TopicPartition], inputs: int) -> set[int]:
    """The partition numbers of an assignment. ImproperlyConfigured unless each was given for every input."""
    assigned = set(assigned)
    owned = {tp.partition for tp in assigned}
    if len(assigned) != len(owned) * inputs:
        raise ImproperlyConfigured(f"inputs must have one partition count, but were assigned so: {sorted(assigned)}")
    return owned


class FencedInstanceIdError(BrokerResponseError):  # type: ignore[misc]  # aiokafka ships no types
    """What a broker answers to a static member whose name another has taken since; aiokafka does not know it."""

    errno = 82
    message = "FENCED_INSTANCE_ID"
    description = "another member has joined with the same group instance id"


errors.kafka_errors[FencedInstanceIdError.errno] = FencedInstanceIdError


@contextmanager
def told(name: str | None) -> Iterator[None]:
    """ImproperlyConfigured for what the group says to a member whose name another has."""
    try:
        yield
    except KafkaError as error:
        if FencedInstanceIdError.__name__ in repr(error):  # aiokafka wraps what it does not expect, as text
            raise ImproperlyConfigured(f"{TWICE}, {name}; give each worker its own") from error
        raise


class Displaced:
    """Tells that two workers bear one static name: each puts the other out, for ever, and neither gets to work.

    Mostly the broker takes the later one to be the earlier one that has come back, and says nothing.
    """

    def __init__(self, name: str | None) -> None:
        self._name, self._times = name, deque[float](maxlen=TIMES)

    def again(self) -> None:
        """The group has put us out. ImproperlyConfigured if it does so again and again."""
        self._times.append(now := time.monotonic())
        if self._name and len(self._times) == TIMES and now - self._times[0] < WITHIN:
            raise ImproperlyConfigured(
                f"the group has put this worker out {TIMES} times within {now - self._times[0]:.0f} seconds: "
                f"{TWICE}, {self._name}; give each worker its own"
            )
