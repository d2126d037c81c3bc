"""Which ports the demo takes: the default ones, or the next that are free, and that is said.

Theory of operation. A port is free if nobody answers on it and we can listen on it ourselves; either alone is not
enough, because an address may be in use on all interfaces or still waiting for its last connection to end.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Final

LOOPBACK: Final = "127.0.0.1"
TRIES: Final = 100
"""Ports looked at from the wanted one on."""


class NoPort(RuntimeError):
    """No port was free; the message names the range."""


def is_free(port: int) -> bool:
    """Whether a server of ours could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(
    wanted: Mapping[str, int], say: Callable[[str], None], free: Callable[[int], bool] = is_free
) -> dict[str, int]:
    """For each use its wanted port, or the next one that is free and not yet given; `say` hears of the latter.

    Args:
        wanted: what it is for, in words, and the port.

    Raises:
        NoPort: a hundred in a row are taken.
    """
    given: dict[str, int] = {}
    for use, port in wanted.items():
        candidates = range(port, min(port + TRIES, 65_536))
        found = next((each for each in candidates if each not in given.values() and free(each)), None)
        if found is None:
            raise NoPort(f"no port for {use} is free from {candidates[0]} to {candidates[-1]}: end what holds them")
        if found != port:
            say(f"Port {port} is taken: {use} listens on {found} instead.")
        given[use] = found
    return given
