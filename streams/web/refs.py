"""`ref`: an opaque reference to a cycle, 12 characters (contract section 11), for links that leave the house.

Theory of operation. A keyed hash of the cycle's workflow, item and start: 60 bits of keyed BLAKE2b in Crockford's base
32, lower case (no i, l, o, u, so it can be read out). Whoever has the key makes the same reference of the same cycle,
on any worker and after any restart; whoever has not cannot find the item, even by trying all likely names. The key is
the tokens' file's (`identity`); without one it is made of the app's id, and then a reference is only short, not secret.
No two of 1,000,000 cycles share one but with a chance of about 1 in 2,300,000; a reference that fits two resolves to
the one that runs. A late event may move a cycle's start (R7), and the cycle gets another reference with it; what was
told before resolves by the ids that were said.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

LENGTH: Final = 12
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
FORM: Final = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
PURPOSE: Final = b"portalwatch ref1"
"""BLAKE2b's personalization: 16 bytes. Another one, other references."""


class Refs:
    """Makes references with one key, of any length."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key, person=PURPOSE).digest()

    def of(self, workflow: str, item: str, start: int) -> str:
        """The reference to a cycle that began at `start` (microseconds)."""
        number = self.number(f"{workflow}:{item}".encode(), start)
        return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH)))

    def number(self, key: bytes, start: int) -> int:
        """The same as a number of 60 bits; `key`: `workflow:item`."""
        digest = blake2b(b"%b:%d" % (key, start), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "big") >> 4


def number_of(ref: str) -> int:
    """The number that a reference writes. ValueError if it is none."""
    number = 0
    for each in ref:
        number = number << 5 | ALPHABET.index(each)
    return number


def is_ref(text: str) -> bool:
    """Whether it has the form of one."""
    return FORM.fullmatch(text) is not None
