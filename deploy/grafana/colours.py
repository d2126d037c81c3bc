"""One meaning, one colour, wherever it is shown.

The colours are those of Okabe and Ito, which people with any kind of colour vision tell apart. Each has its meaning in
a word beside it too (a series' name, a cell's text), so that none is told by colour alone.
"""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Threshold, ValueMap, ValueMappingResult

GOOD: Final = "#56B4E9"
"""On time, kept, alive."""
WATCH: Final = "#E69F00"
"""About to be missed, a warning, held back: look at it."""
BAD: Final = "#D55E00"
"""Missed, critical, silent: act."""
ASIDE: Final = "#999999"
"""Paused, cancelled: no one owes anything now."""
NEVER: Final = "#CC79A7"
"""Ended by itself, unanswered."""
FIRST: Final = "#0072B2"
SECOND: Final = "#009E73"
THIRD: Final = "#F0E442"
FOURTH: Final = "text"
"""Four that mean nothing by themselves; the last is black on white, or white on black."""

STATES: Final = {"on time": GOOD, "due soon": WATCH, "missed": BAD, "paused": ASIDE}
"""Of pending items, as panels name them."""
SEVERITIES: Final = {"warning": WATCH, "critical": BAD}
WORKFLOWS: Final = {
    "message": FIRST,
    "appointment": SECOND,
    "result": THIRD,
    "questionnaire": FOURTH,
    "command": ASIDE,
}


def steps(watch: float | None = None, bad: float | None = None, base: str = GOOD) -> ThresholdsConfig:
    """Thresholds of a number of which more is worse: `base` below `watch`, and from `bad` on bad."""
    found = [Threshold(value=None, color=base)]
    found += [Threshold(value=at, color=colour) for at, colour in ((watch, WATCH), (bad, BAD)) if at is not None]
    return ThresholdsConfig().steps(found)


def floor(good: float, watch: float | None = None) -> ThresholdsConfig:
    """Thresholds of a number of which less is worse: good from `good` on, to be watched from `watch` on."""
    found = [Threshold(value=None, color=BAD)]
    found += [Threshold(value=at, color=colour) for at, colour in ((watch, WATCH), (good, GOOD)) if at is not None]
    return ThresholdsConfig().steps(found)


def words(named: dict[str, tuple[str, str]]) -> ValueMap:
    """Values told as words: by value, the word and its colour."""
    results = {
        value: ValueMappingResult(text=word, color=colour, index=index)
        for index, (value, (word, colour)) in enumerate(named.items())
    }
    return ValueMap(options=results)
