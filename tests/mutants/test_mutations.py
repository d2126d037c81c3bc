"""Each hand-made fault still has its place in the source, and makes a program that Python reads."""

from __future__ import annotations

import ast

import pytest

from tests.mutants import __main__ as program
from tests.mutants.mutations import MUTATIONS, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.file}-{each.breaks.partition(':')[0]}")
def test_each_mutation_applies(mutation: Mutation) -> None:
    source = (program.ROOT / program.CORE / mutation.file).read_text()
    changed = program.mutated(source, mutation)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))


def test_a_text_that_is_not_there_exactly_once_is_told() -> None:
    twice = Mutation("fold.py", "a", "b", "nothing")
    with pytest.raises(LookupError, match=r"fold\.py: 'a' must occur once, not 2 times"):
        program.mutated("a a", twice)
    with pytest.raises(LookupError, match="not 0 times"):
        program.mutated("c", twice)


def test_the_table_tells_what_caught_each(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 0 if all are caught, 1 if one survives, 2 if the tests fail without a fault."""
    first = MUTATIONS[0]
    caught: dict[Mutation | None, str] = {None: "", first: "unit/core/test_calendars.py::test_open"}
    monkeypatch.setattr(program, "MUTATIONS", (first,))
    monkeypatch.setattr(program, "caught_by", caught.__getitem__)
    assert program.main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{'mutation':{len(first.file) + len(first.breaks) + 2}} | caught by",
        f"{first.file}: {first.breaks} | unit/core/test_calendars.py::test_open",
        "1 mutations, 0 survived",
    ]
    caught[first] = ""
    assert program.main([]) == 1
    assert "SURVIVED" in capsys.readouterr().out
    caught[None] = "unit/core/test_steps.py::test_steps"
    assert program.main([]) == 2
