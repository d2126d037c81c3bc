"""Slices, tables and settings, without a broker."""

from __future__ import annotations

import pytest

from streams.runtime import App, Batch, Slice, Table
from streams.runtime.changelog import Landed
from streams.runtime.ledger import join
from streams.runtime.settings import Settings


def test_a_slice_says_what_changed_once() -> None:
    one = Slice(0)
    assert one.get(b"a") is None
    one.put(b"a", b"1")
    one.put(b"b", b"2")
    one.put(b"a", b"3")
    assert one.pop(b"b") == b"2"
    assert one.pop(b"c") is None
    assert (one.take_puts(), one.take_gone()) == ([(b"a", b"3")], [(b"b", None)])
    assert not one.dirty
    assert (dict(one.items()), len(one), list(one), b"a" in one) == ({b"a": b"3"}, 1, [b"a"], True)


def test_put_after_pop_is_a_put() -> None:
    one = Slice(0)
    one.put(b"a", b"1")
    one.pop(b"a")
    one.put(b"a", b"2")
    assert (one.take_puts(), one.take_gone()) == ([(b"a", b"2")], [])


def test_of_a_leading_table_both_are_said() -> None:
    one = Slice(0, leads=True)
    one.put(b"a", b"1")
    one.pop(b"a")
    assert (one.take_puts(), one.take_gone()) == ([(b"a", b"1")], [(b"a", None)])


def test_keys_of_the_runtime_are_refused() -> None:
    one = Slice(0)
    one.put(b"\x00position", b"1")
    with pytest.raises(ValueError, match="must not begin with a zero byte"):
        one.take_puts()


async def test_the_changelog_onto_a_slice() -> None:
    one = Slice(0)
    one.put(b"old", b"1")
    one.take_puts()
    await one.fill({b"a": b"1", b"old": None, b"never": None})
    assert dict(one.items()) == {b"a": b"1"}
    assert not one.dirty


@pytest.mark.parametrize(
    ("landed", "foreign", "end"),
    [
        ([Landed(7, 3), Landed(10, 2)], None, 12),
        ([Landed(9, 3)], (7, 9), 12),
        ([Landed(7, 3), Landed(11, 1)], (10, 11), 12),
        ([Landed(8, 1), Landed(11, 1)], (7, 11), 12),
    ],
)
def test_offsets_that_do_not_join_up_are_a_strangers(
    landed: list[Landed], foreign: tuple[int, int] | None, end: int
) -> None:
    one = Slice(0)
    one.next = 7
    join(one, landed)
    assert (one.foreign, one.next) == (foreign, end)


@pytest.fixture
def app() -> App:
    return App("unit", broker="kafka://127.0.0.1:1")


async def test_a_table_reads_over_all_slices_and_writes_to_the_batch_at_hand(app: App) -> None:
    table = app.Table("items")
    assert isinstance(table, Table)
    table.slices.update({0: Slice(0), 4: Slice(4)})
    async with Batch(4) as batch:
        table[b"k"] = b"v"
        table[b"l"] = b"w"
        del table[b"l"]
    assert batch.done.done()
    assert (table[b"k"], len(table), dict(table.items()), b"k" in table) == (b"v", 1, {b"k": b"v"}, True)
    assert table.slice(4).get(b"k") == b"v"
    assert len(table.slice(0)) == 0
    with pytest.raises(LookupError, match="only be written inside"):
        table[b"k"] = b"x"
    with pytest.raises(LookupError, match="partition 9 of table items is not held"):
        table.slice(9)


def test_a_table_knows_its_changelog(app: App) -> None:
    items, said = app.Table("items"), app.Table("open", changelog="x.open", leads=True)
    assert isinstance(items, Table)
    assert isinstance(said, Table)
    assert (items.changelog, items.leads) == ("unit-items-changelog", False)
    assert (said.changelog, said.leads) == ("x.open", True)
    with pytest.raises(ValueError, match="name the topic that others read"):
        app.Table("other", leads=True)


async def test_an_error_in_the_block_is_the_batchs_answer() -> None:
    batch = Batch(0)
    with pytest.raises(RuntimeError):
        async with batch:
            raise RuntimeError("boom")
    with pytest.raises(RuntimeError, match="boom"):
        await batch.done


async def test_an_effect_needs_a_key_or_a_value() -> None:
    with pytest.raises(ValueError, match="an effect on t needs a key or a value"):
        Batch(0).send("t", None, None)


@pytest.mark.parametrize("name", ["tick", "fetch_wait", "commit_every", "stall_timeout"])
def test_settings_out_of_range_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be above 0 seconds, not 0"):
        Settings(**{name: 0})  # type: ignore[arg-type] # one of several fields


def test_a_chunk_is_a_record_or_more() -> None:
    with pytest.raises(ValueError, match="chunk must be 1 record or more, not 0"):
        App("unit", chunk=0)
