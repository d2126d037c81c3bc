"""Which ports are taken, and what is said about it."""

from __future__ import annotations

import socket

import pytest

from streams.demo.ports import LOOPBACK, NoPort, choose, is_free

WANTED = {"the broker": 9092, "the web server": 6066}


def test_the_wanted_ports_if_they_are_free() -> None:
    said: list[str] = []
    assert choose(WANTED, said.append, free=lambda _: True) == WANTED
    assert said == []


def test_the_next_free_one_is_taken_and_said() -> None:
    said: list[str] = []
    found = choose(WANTED, said.append, free=lambda port: port not in (9092, 9093))
    assert found == {"the broker": 9094, "the web server": 6066}
    assert said == ["Port 9092 is taken: the broker listens on 9094 instead."]


def test_no_port_is_given_twice() -> None:
    found = choose({"one": 7000, "other": 7000}, lambda _: None, free=lambda _: True)
    assert found == {"one": 7000, "other": 7001}


def test_without_a_free_port_the_range_is_named() -> None:
    with pytest.raises(NoPort, match="no port for the broker is free from 9092 to 9191"):
        choose(WANTED, lambda _: None, free=lambda _: False)
    with pytest.raises(NoPort, match="from 65530 to 65535"):
        choose({"it": 65_530}, lambda _: None, free=lambda _: False)


@pytest.mark.parametrize("address", [LOOPBACK, "0.0.0.0"])
def test_a_port_on_which_somebody_listens_is_taken(address: str) -> None:
    with socket.socket() as other:
        other.bind((address, 0))
        other.listen()
        port = other.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)


def test_a_port_that_is_bound_but_silent_is_taken() -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        assert not is_free(other.getsockname()[1])
