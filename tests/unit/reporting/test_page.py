"""The page: one file that needs nothing else, that a screen reader can read, that no name breaks out of."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from streams.reporting import page as pages
from streams.reporting.page import page
from tests.contract.build import book, clock, event
from tests.unit.reporting.made import DEPARTMENTS, REPLY, answered, in_order, many, only, report
from tests.unit.reporting.test_build import TWO_MONTHS

VOID = {"meta", "br", "hr", "img", "link", "input"}
HOSTILE = "<script>alert(1)</script>\" onload=x '&{{7*7}}\u202e"
HOSTILE_CLOCK = "</title></svg><script>alert(2)</script>"


class Tree(HTMLParser):
    """Every element, with its attributes and the elements that it stands in; all text outside of styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "each element is closed by its own end"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs, _ in self.found if name == tag]


def everything() -> str:
    """A page with all of its parts."""
    judge = book(
        f"[{clock('{within: 4 hours}')}, {clock('{within: 4 hours}', workflow='appointment', name='confirm')}, "
        f"{clock('{within: 4 hours}', workflow='result', name='release')}]", departments=DEPARTMENTS,
    )  # fmt: skip
    others = [
        answered(f"{flow}-{n}", "2026-11-10T08:00", f"2026-11-10T{10 + n}:00", workflow=flow)
        for flow in ("appointment", "result")
        for n in range(8)
    ]
    looked = [event("l", "result.looked_up", "2026-11-10T08:30", "result-0")]
    return page(report(judge, in_order(TWO_MONTHS, *others, looked)))


PAGE = everything()


def test_it_needs_nothing_else() -> None:
    tree = Tree(PAGE)
    assert not Counter(name for name, _, _ in tree.found).keys() & {
        "script", "link", "img", "iframe", "object", "embed", "base", "form", "use", "image",
    }  # fmt: skip
    for name, attrs, _ in tree.found:
        assert not [key for key in attrs if key.startswith("on")], name
        for key in ("href", "src", "xlink:href", "action", "data", "srcset"):
            assert (attrs.get(key) or "#").startswith("#"), (name, attrs)
    assert not re.search(r"@import|url\(|https?://", PAGE)
    assert "default-src 'none'; style-src 'unsafe-inline'" in PAGE


def test_each_table_has_a_caption_and_its_heads_have_scopes() -> None:
    tree = Tree(PAGE)
    tables = len(tree.every("table"))
    assert tables > 10
    assert len(tree.every("caption")) == tables
    assert {attrs.get("scope") for attrs in tree.every("th")} == {"row", "col"}


def test_each_plot_has_a_title_and_a_description() -> None:
    tree = Tree(PAGE)
    plots = tree.every("svg")
    assert len(plots) == 6
    ids = [attrs["id"] for _, attrs, _ in tree.found if attrs.get("id")]
    assert len(ids) == len(set(ids))
    for plot in plots:
        assert plot["role"] == "img"
        assert set((plot["aria-labelledby"] or "").split()) <= set(ids)
    for svg in re.findall(r"<svg.*?</svg>", PAGE, re.DOTALL):
        root = ET.fromstring(svg)
        texts = [child.text or "" for child in root if child.tag in ("title", "desc")]
        assert len(texts) == 2
        assert all(texts)
        assert sum(child.tag in ("title", "desc") for child in root.iter()) == 2


def test_the_same_report_gives_the_same_page() -> None:
    assert everything() == PAGE
    assert not re.search(r"20(?!26|25)\d\d-", PAGE), "no day on which it was drawn"


def test_it_opens_with_the_answer() -> None:
    text = " ".join(" ".join(Tree(PAGE).text).split())
    assert text.index("Of 76 pieces of work") < text.index("By benchmark") < text.index("What the figures mean")
    assert "Slipped most: eye by reply" in text


def test_no_name_breaks_out() -> None:
    """A policy has only harmless names, but scorecards and the report before may have been written by anybody."""
    made = report(REPLY, TWO_MONTHS)
    (each,) = made.benchmarks
    rows = [msgspec.structs.replace(row, department=HOSTILE) for row in each.departments]
    hostile = msgspec.structs.replace(
        each, clock=HOSTILE_CLOCK, workflow=HOSTILE, asks=[HOSTILE, HOSTILE_CLOCK], departments=rows
    )
    assert made.slipped is not None
    assert made.before is not None
    made = msgspec.structs.replace(
        made, benchmarks=[hostile, hostile], notes=[HOSTILE, HOSTILE_CLOCK], silent=[HOSTILE],
        slipped=msgspec.structs.replace(made.slipped, department=HOSTILE, clock=HOSTILE_CLOCK), zones=[HOSTILE],
        before=msgspec.structs.replace(made.before, title=HOSTILE_CLOCK),
    )  # fmt: skip
    tree = Tree(page(made))
    assert {"script"}.isdisjoint(name for name, _, _ in tree.found)
    assert not any(key.startswith("on") for _, attrs, _ in tree.found for key in attrs)
    shown = "".join(tree.text)
    assert HOSTILE.replace("\u202e", "\ufffd") in shown
    assert HOSTILE_CLOCK in shown
    assert "\u202e" not in shown


def test_a_heat_map_shows_where_misses_arise() -> None:
    found = pages.heat(only(report(REPLY, TWO_MONTHS)))
    assert (found.total, found.worst) == (22, "Tue 12\u201313")
    assert found.rows == [("12\u201313", [(0, 0), (15, 5), (7, 3), (0, 0), (0, 0), (0, 0), (0, 0)])]
    assert pages.heat(only(report(REPLY, many(3, 0, "2026-11-10")))) == ([], "", 0)


@pytest.mark.parametrize(
    ("names", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists(names: list[str], said: str) -> None:
    assert pages.listed(names) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"), [(0, 4, "\u2013"), (0, 5, "0%"), (1, 500, "<1%"), (1, 200, "0%"), (5, 5, "100%")]
)
def test_parts(part: int, whole: int, said: Any) -> None:
    assert pages.percent_of(part, whole) == said


def test_departments_of_which_little_is_known_are_named() -> None:
    text = page(report(REPLY, many(4, 1, "2026-11-10") + many(25, 1, "2026-11-11", "ear")))
    assert re.search(r"Fewer than 5 began in <bdi>eye</bdi>", text)
    assert "Fewer than 5 began in" not in PAGE.split("confirm</bdi>")[0]
