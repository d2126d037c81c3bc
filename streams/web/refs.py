"""`ref`: an opaque reference to a cycle, 12 characters (contract section 11), for links that leave the house.

Theory of operation. A keyed hash of the cycle's workflow, item and start: HMAC-SHA-256, its first 60 bits in
Crockford's base 32 in lower case (no i, l, o, u, so it can be read out). Whoever has the key makes the same reference
of the same cycle, on any worker and after any restart; whoever has not cannot find the item, even by trying all likely
names. The key is the tokens file's (`identity`); without one it is made of the app's id, and then a reference is only
short, not secret. No two of 1,000,000 cycles share one but with a chance of about 1 in 2,300,000; a reference that fits
two resolves to the one that runs.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import Final

LENGTH: Final = 12
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
FORM: Final = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
PURPOSE: Final = b"portalwatch ref 1"


class Refs:
    """Makes references with one key."""

    def __init__(self, key: bytes) -> None:
        self._mac = hmac.new(hmac.digest(key, PURPOSE, "sha256"), digestmod=sha256)

    def of(self, workflow: str, item: str, start: int) -> str:
        """The reference to a cycle that began at `start` (microseconds)."""
        mac = self._mac.copy()
        mac.update(f"{workflow}:{item}:{start}".encode())
        number = int.from_bytes(mac.digest()[:8], "big") >> 4
        return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH)))


def is_ref(text: str) -> bool:
    """Whether it has the form of one."""
    return FORM.fullmatch(text) is not None
