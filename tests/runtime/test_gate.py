"""The gate: an end counts for the moment at which the response before it came, and only once it was read to."""

from streams.runtime.gate import Gate


def test_nothing_is_known_before_a_second_response() -> None:
    gate = Gate(["a"])
    assert gate.known == 0.0
    assert gate.observe("a", None, None, 0) is False
    assert gate.observe("a", 1_000, 5, 5) is True
    assert gate.known == 0.0
    assert gate.observe("a", 1_100, 5, 5) is True
    assert gate.known == 1.0


def test_the_same_response_is_no_news() -> None:
    gate = Gate(["a"])
    gate.observe("a", 1_000, 0, 0)
    gate.observe("a", 1_100, 0, 0)
    assert gate.observe("a", 1_100, 0, 0) is False
    assert gate.known == 1.0


def test_a_backlog_holds_until_its_end_is_read() -> None:
    gate = Gate(["a"])
    gate.observe("a", 1_000, 100, 10)
    gate.observe("a", 2_000, 100, 50)
    gate.observe("a", 3_000, 180, 99)
    assert gate.known == 0.0
    gate.observe("a", 4_000, 200, 100)
    assert gate.known == 1.0, "the end of the second response stands for the first; later ends are not yet asked"
    gate.observe("a", 5_000, 200, 200)
    assert gate.known == 4.0


def test_a_log_that_was_cut_off_does_not_hold_for_ever() -> None:
    """An end that was told, and that the topic no longer has: the nearer one takes its place."""
    gate = Gate(["a"])
    gate.observe("a", 1_000, 100, 90)
    gate.observe("a", 2_000, 100, 90)
    gate.observe("a", 3_000, 120, 90)
    assert gate.known == 0.0
    gate.observe("a", 4_000, 90, 90)
    assert gate.known == 3.0


def test_what_was_forgotten_has_to_be_learnt_anew() -> None:
    gate = Gate(["a", "b"])
    for came in (1_000, 2_000, 3_000):
        gate.observe("a", came, 5, 5)
        gate.observe("b", came, 5, 5)
    assert (gate.known, gate.of("a"), gate.of("b")) == (2.0, 2_000, 2_000)
    gate.forget("a")
    assert (gate.known, gate.of("a"), gate.of("b")) == (0.0, 0, 2_000)
    gate.observe("a", 4_000, 9, 5)
    gate.observe("a", 5_000, 9, 5)
    assert gate.known == 0.0
    gate.observe("a", 6_000, 9, 9)
    assert gate.known == 2.0


def test_all_inputs_must_be_known_and_the_least_counts() -> None:
    gate = Gate(["a", "b"])
    for came in (1_000, 2_000, 3_000):
        gate.observe("a", came, 0, 0)
    assert gate.known == 0.0
    gate.observe("b", 1_500, 0, 0)
    gate.observe("b", 2_500, 0, 0)
    assert gate.known == 1.5


def test_a_response_that_lay_in_a_buffer_proves_nothing() -> None:
    """We stood still from 1.1 to 9.0; a response sent before that comes first, and must not stand for 9.0."""
    gate = Gate(["a"])
    gate.observe("a", 1_000, 5, 5)
    gate.observe("a", 1_100, 5, 5)
    gate.observe("a", 9_000, 5, 5)
    assert gate.known == 1.1
    gate.observe("a", 9_100, 6, 5)
    assert gate.known == 1.1, "what was written meanwhile has not been read"
    gate.observe("a", 9_200, 6, 6)
    assert gate.known == 9.0


def test_without_inputs_nothing_is_known() -> None:
    assert Gate([]).known == 0.0
