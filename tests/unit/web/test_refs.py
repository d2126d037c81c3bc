"""References to cycles: opaque, always the same, of a form that can be read out (contract section 11)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.web.refs import Refs, is_ref


def test_always_the_same() -> None:
    """Links that were sent yesterday have to work tomorrow: who changes this breaks them."""
    assert Refs(b"key").of("message", "m-1", 1_700_000_000_000_000) == "9qq28hw422vr"


@given(st.binary(min_size=1), st.text("abc-", min_size=1), st.integers(0, 1 << 52))
def test_of_one_cycle_and_one_key(key: bytes, item: str, start: int) -> None:
    ref = Refs(key).of("message", item, start)
    assert is_ref(ref)
    others = {
        Refs(key + b"x").of("message", item, start),
        Refs(key).of("result", item, start),
        Refs(key).of("message", item + "a", start),
        Refs(key).of("message", item, start + 1),
    }
    assert len(others) == 4
    assert ref not in others


def test_what_is_none() -> None:
    for text in ("", "0123456789a", "0123456789abc", "0123456789aI", "0123456789ai", "message:m-1:"):
        assert not is_ref(text)
