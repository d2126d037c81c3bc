"""Who may act in the demo: one person, whose token is made for this run and told in a link."""

from __future__ import annotations

import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from streams.web.people import PREFIX

FILE: Final = "tokens.toml"
NAME: Final = "on-call"
"""`by` of what is done in the demo."""


def token() -> str:
    """A new token; 96 random bits, so that the link fits a line, and the demo ends soon."""
    return PREFIX + secrets.token_urlsafe(12)


def tokens(given: str) -> str:
    """The tokens' file that knows this token alone."""
    digest = sha256(given.encode()).hexdigest()
    return (
        f'contact = "whoever started the demo"\nkey = "{secrets.token_urlsafe(32)}"\n\n'
        f'[[tokens]]\nname = "{NAME}"\nsha256 = "{digest}"\nscopes = ["read", "act"]\n'
    )


def write(folder: Path, given: str) -> Path:
    """The tokens' file, in a folder."""
    path = folder / FILE
    path.write_text(tokens(given))
    return path


def link(url: str, given: str) -> str:
    """The board's address with the token behind the `#`, where no server and no log sees it."""
    return f"{url}/#token={given}"
