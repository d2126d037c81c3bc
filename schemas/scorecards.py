"""Scorecards: one row of the windowed tables (contract section 7), as CloudEvents in structured JSON mode.

A record holds what one partition adds to a row. Whoever reads them keeps the last record of each key and sums over
partitions; a tombstone, or sums of 0, add nothing.
"""

from __future__ import annotations

import msgspec

DATASCHEMA = "urn:portalwatch:schema:/scorecard/1"
SCORECARD = "portal.scorecard"


class ResponseSeconds(msgspec.Struct, frozen=True, kw_only=True):
    """Open time from start to stop, pauses left out, of the cycles that stopped."""

    sum: float
    """Seconds, to the microsecond."""
    count: int
    buckets: dict[str, int]
    """Cumulative: how many took at most so many seconds; the keys are `900` to `288000` and `+Inf`."""


class ScorecardData(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of cycles. `opened` is the sum of `pending` to `expired`."""

    workflow: str
    clock: str
    department: str
    """As the policy names it; `other` for one that it does not know, `unassigned` for none."""
    window_start: str
    window_end: str
    """An hour after the start."""
    partition: int
    policy: str
    """The version of the policy in force when it was published."""
    opened: int
    pending: int
    paused: int
    met: int
    missed: int
    cancelled: int
    expired: int
    short_notice: int
    alerted: int
    response_open_seconds: ResponseSeconds


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """One CloudEvent of `portal.scorecards`."""

    specversion: str = "1.0"
    id: str
    source: str
    type: str = SCORECARD
    subject: str
    """The row, without the partition: `workflow/clock/department/window start`."""
    time: str
    dataschema: str = DATASCHEMA
    data: ScorecardData


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Scorecard)


def encode(scorecard: Scorecard) -> bytes:
    """JSON in UTF-8, always the same bytes for the same scorecard."""
    return _ENCODER.encode(scorecard)


def decode(value: bytes) -> Scorecard:
    """A scorecard as `encode` wrote it; fields that a later version added are ignored.

    Raises:
        msgspec.DecodeError, msgspec.ValidationError: if it is not one.
    """
    return _DECODER.decode(value)
