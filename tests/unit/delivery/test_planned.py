"""What `deliver --dry-run` prints is for a terminal, and names are anybody's."""

from __future__ import annotations

from streams.delivery.planned import Digest, Firing, Planned, text

NAME = "\x1b[2Jdesk\nall is well\u202e"


def test_no_name_steers_a_terminal() -> None:
    firing = Firing(labels={"alertname": "A", "recipient": NAME, "pool": NAME}, annotations={}, starts_at="")
    digest = Digest(recipient=NAME, title=f"1 message in {NAME}", body=f"{NAME}.", alerts=1)
    said = text(Planned(sink="s", kind="apprise", alerts=[firing], digests=[digest]))
    assert "desk" in said
    assert not {"\x1b", "\u202e"} & set(said)
    assert "all is well" not in [line for line in said.splitlines() if not line.startswith("    ")]
