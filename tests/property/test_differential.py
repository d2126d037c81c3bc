"""The core against the slow model of tests.model: alerts in every field, dead letters by reason and event.

`python -m tests.property.deep N` is the long search.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.property import deep
from tests.property.differential import FLAVOURS, Comparison, compare

BLOCK = 20
BLOCKS = 4


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_core_and_model_agree(flavour: str, block: int) -> None:
    compared = 0
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        found = compare(flavour, seed)
        assert not found.difference, f"{flavour} {seed}: {found.difference}"
        compared += found.alerts
    assert compared > BLOCK, "logs that say nothing prove nothing"


def test_the_long_search_saves_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def differing(flavour: str, seed: int) -> Comparison:
        if seed == 8:
            raise ValueError("no answer")
        return Comparison(3, 1, "core A\nmodel B" if flavour == "rich" else "")

    monkeypatch.setattr(deep, "compare", differing)
    save = tmp_path / "deeper" / "differing.txt"
    assert deep.main(["6", "--base", "7", "--save", str(save)]) == 1
    assert save.read_text().split("\n") == ["dense 8", "plain 8", "rich 7", "rich 8", ""]
    said = capsys.readouterr().out
    assert "dense:8 ValueError: no answer" in said
    assert "6 cases, 9 alerts and 3 dead letters compared" in said
    assert deep.main(["--only", "plain:7", "--save", str(save)]) == 0
