"""YAML as texts with lines: nothing is typed by its looks, and what would mislead a reader is refused."""

from __future__ import annotations

import pytest

from schemas.policy_tree import List, Map, Problem, Text, read


def texts(source: str) -> dict[str, str]:
    tree, problems = read(source)
    assert not problems
    return {key: node.value for key, (_, node) in tree.entries.items() if isinstance(node, Text)}


@pytest.mark.parametrize(
    "value",
    ["NO", "on", "yes", "1.10", "08:00", "0o17", "1e3", "2026-11-01", "null", "~", "true", ".inf", "0x1F", "1_000"],
)
def test_every_scalar_stays_as_it_is_written(value: str) -> None:
    assert texts(f"key: {value}\n") == {"key": value}
    assert texts(f"{value}: word\n") == {value: "word"}


def test_quoted_text_is_the_same_text() -> None:
    assert texts("a: 'NO'\nb: \"08:00\"\nc: !!str 5\n'mon, wed': x\n") == {
        "a": "NO",
        "b": "08:00",
        "c": "5",
        "mon, wed": "x",
    }


def test_an_absent_value_is_not_an_empty_text() -> None:
    tree, _ = read("a:\nb: ''\n")
    assert [(line, node.empty) for line, node in tree.entries.values() if isinstance(node, Text)] == [
        (1, True),
        (2, False),
    ]


def test_every_key_and_item_has_its_line() -> None:
    tree, problems = read("# a comment\na:\n  b: {c: 1,\n      d: 2}\n  e:\n    - x\n    - [y,\n       z]\n")
    assert not problems
    line, a = tree.entries["a"]
    assert line == 2
    assert isinstance(a, Map)
    assert {key: line for key, (line, _) in a.entries.items()} == {"b": 3, "e": 5}
    b, e = a.entries["b"][1], a.entries["e"][1]
    assert isinstance(b, Map)
    assert isinstance(e, List)
    assert {key: line for key, (line, _) in b.entries.items()} == {"c": 3, "d": 4}
    assert e == List(6, [Text(6, "x"), List(7, [Text(7, "y"), Text(8, "z")])])


def test_an_alias_is_the_node_of_its_anchor() -> None:
    tree, problems = read("a: &here {b: c}\nd: *here\n")
    assert not problems
    assert tree.entries["d"][1] is tree.entries["a"][1]


def test_bytes_are_utf8_with_or_without_a_mark() -> None:
    assert read("a: é\n".encode())[0].entries["a"] == (1, Text(1, "é"))
    assert read("a: é\n".encode("utf-8-sig"))[0].entries["a"] == (1, Text(1, "é"))


def test_a_key_given_twice_is_a_problem_and_reading_goes_on() -> None:
    tree, problems = read("a:\n  b: 1\n  c: 2\n  b: 3\nd: 4\nd: 5\n")
    assert list(tree.entries) == ["a", "d"]
    assert problems == [
        Problem(4, "a.b", "is given twice, first on line 2; keep one"),
        Problem(6, "d", "is given twice, first on line 5; keep one"),
    ]


@pytest.mark.parametrize(
    ("source", "line", "path", "said"),
    [
        ("", 1, "(file)", "is empty; a policy needs"),
        ("# nothing\n", 1, "(file)", "is empty"),
        ("just a word\n", 1, "(file)", "is not a mapping"),
        ("\n- a\n", 2, "(file)", "is not a mapping"),
        ("a: 1\n---\nb: 2\n", 2, "(file)", "a second document"),
        ("a: 1\nb: *gone\n", 2, "b", "alias `*gone` names no anchor"),
        ("a:\n  - x\n  - *gone\n", 3, "a[1]", "alias `*gone` names no anchor"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "c", "a merge key `<<`"),
        ("a: 1\n? [b, c]\n: 2\n", 2, "(file)", "a collection as a key"),
        ("a: !!int 3\n", 1, "a", "every scalar is text"),
        ("a: 1\nb: !secret {c: 1}\n", 2, "b", "tag '!secret' is not read"),
        ("a: 1\nb: [1, 2\n", 3, "(file)", "is not YAML"),
        ("a: 1\n\tb: 2\n", 2, "(file)", "is not YAML"),
        ("a: 1\nb: \x01\n", 2, "(file)", "is not YAML: special characters are not allowed"),
        ('a: "x\\ny"\n', 1, "a", "is 'x\\ny'; a text stands on one line"),
        ('a: "\\ud800"\n', 1, "a", "a text stands on one line and holds what prints"),
        ("a: 1\nb: |\n  x\n  y\n", 2, "b", "a text stands on one line"),
        ('a: "\\UFFFFFFFF"\n', 1, "(file)", "is not YAML that can be read"),
        ("%YAML 9.9\n---\na: 1\n", 1, "(file)", "is not YAML"),
        ("%YAML 1.9\n---\na: 1\n", 1, "(file)", "is not YAML that can be read"),
        ("[" * 2000, 1, "(file)" + "[0]" * 16, "nested more than 16 deep"),
        ("a: &a [*a]\n" + "b: " + "{c: " * 20, 2, "b" + ".c" * 15, "nested more than 16 deep"),
    ],
)
def test_what_would_mislead_a_reader_is_refused(source: str, line: int, path: str, said: str) -> None:
    tree, problems = read(source)
    assert not tree.entries
    assert [(problem.line, problem.path) for problem in problems] == [(line, path)]
    assert said in problems[0].message


def test_bytes_in_another_encoding_are_refused_with_their_line() -> None:
    assert read(b"a: 1\nb: \xe9\n")[1] == [Problem(2, "(file)", "is not UTF-8; save the file in that encoding")]
