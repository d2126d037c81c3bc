"""The text beside a committed offset: who stands where, in 4,096 bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.delivery.progress import LONGEST, Place, Progress, mark, read, write

NOW = 1_795_968_000


def test_without_anybody_behind_it_is_a_line_of_four_words() -> None:
    written = write(8, 8, {"a#0": Place(8), "b#0": Place(8)}, NOW)
    assert written == (8, f"1 8 8 {NOW}", True)


def test_who_is_behind_is_named_by_a_hash_and_comes_back() -> None:
    written = write(90, 90, {"a#0": Place(41), "b#0": Place(90), "c#0": Place(60, NOW - 12)}, NOW)
    assert written.text == f"1 41 90 {NOW} {mark('a#0')}+0 {mark('c#0')}+19@12"
    assert "a#0" not in written.text
    known = read(written.text, written.floor)
    assert [known.of(name) for name in ("a#0", "b#0", "c#0")] == [Place(41), Place(90), Place(60, NOW - 12)]


@pytest.mark.parametrize("text", ["", "x", "2 1 2 3", "1 1 2", "1 a b c", "1 4 5 6 nonsense k3v9q2ma+x"])
def test_what_is_none_of_ours_says_nothing(text: str) -> None:
    assert read(text, 7).of("a#0") == Place(7)


def test_an_offset_that_went_on_alone_counts() -> None:
    """The follower passes markers of transactions when nothing is in hand; the text stays as it was."""
    assert read(f"1 5 5 {NOW}", 9).of("a#0") == Place(9)


def test_no_floor_beyond_what_was_read() -> None:
    """After a restart whoever was behind is not there any more: the rest stand past what is read now."""
    assert write(20, 50, {"a#0": Place(50)}, NOW).floor == 20


places = st.dictionaries(
    st.text("abcdefgh#0123456789", min_size=1, max_size=12),
    st.tuples(st.integers(0, 10**12), st.integers(0, 100)),
    max_size=600,
)


@given(places, st.integers(0, 10**12))
def test_whatever_the_number_it_fits_and_nobody_is_put_before_his_place(
    given_: dict[str, tuple[int, int]], head: int
) -> None:
    stands = {name: Place(min(offset, head), NOW - ago if ago else 0) for name, (offset, ago) in given_.items()}
    written = write(head, head, stands, NOW)
    assert len(written.text.encode()) <= LONGEST
    known = read(written.text, written.floor)
    for name, place in stands.items():
        assert known.of(name).offset <= place.offset
        if written.exact:
            assert known.of(name).offset == place.offset
    assert written.floor == min([head, *(place.offset for place in stands.values())])


def test_when_it_does_not_fit_the_farthest_behind_are_named_and_the_rest_stand_where_the_next_one_does() -> None:
    stands = {f"r-{n}#0": Place(n * 10) for n in range(1, 500)}
    written = write(10_000, 10_000, stands, NOW)
    known: Progress = read(written.text, written.floor)
    assert not written.exact
    named = [n for n in range(1, 500) if mark(f"r-{n}#0") in written.text]
    assert len(named) > 250
    assert named == list(range(1, len(named) + 1))
    assert known.head == (len(named) + 1) * 10
    assert known.of("somebody who was told all#0").offset == known.head


def test_the_pace_gives_way_first() -> None:
    stands = {f"r-{n}#0": Place(5_000, NOW - 1) for n in range(600)} | {"late#0": Place(3)}
    written = write(5_000, 5_000, stands, NOW)
    assert written.exact
    assert read(written.text, written.floor).of("late#0") == Place(3)
