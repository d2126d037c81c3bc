"""Waiting for a group's coordinator, and for nothing else."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from tests.coordinator import awaited


def refused(code: int, calls: list[int]) -> int:
    """What librdkafka does at first, twice."""
    calls.append(code)
    if len(calls) < 3:
        raise KafkaException(KafkaError(code))
    return len(calls)


@pytest.mark.parametrize("code", [KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS])
def test_a_coordinator_that_is_coming(code: int) -> None:
    assert awaited(refused)(code, []) == 3


def test_any_other_error() -> None:
    calls: list[int] = []
    with pytest.raises(KafkaException):
        awaited(refused)(KafkaError.GROUP_AUTHORIZATION_FAILED, calls)
    assert len(calls) == 1
