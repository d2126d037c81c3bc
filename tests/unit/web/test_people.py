"""The tokens' file: what it may say, and what is told of what it may not."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from schemas import instants
from streams.web import people
from streams.web.people import TokensError, load, made, main

DIGEST = sha256(b"pw_x").hexdigest()
TOKEN = f'[[tokens]]\nname = "n.lee"\nsha256 = "{DIGEST}"\n'


def test_what_a_file_says(tmp_path: Path) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(
        'contact = "the office"\nkey = "0123456789abcdef0123456789abcdef"\n'
        f'{TOKEN}departments = ["a"]\nexpires = 2027-01-01T00:00:00+01:00\n[[people]]\nname = "kim"\n'
    )
    found = load(path)
    assert (found.contact, len(found.key)) == ("the office", 32)
    (token,) = found.tokens
    assert (token.person.name, token.person.scopes, token.person.departments) == (
        "n.lee",
        frozenset({"read"}),
        frozenset({"a"}),
    )
    assert token.expires == instants.parse("2026-12-31T23:00:00Z")
    assert found.by_token("pw_x", token.expires - 1) == token
    assert found.by_token("pw_x", token.expires) is None
    assert found.by_token("pw_y", 0) is None
    assert found.by_id(token.id, 0) == token
    kim = found.by_proxy("kim")
    assert kim is not None
    assert (kim.scopes, found.by_proxy("lee")) == (frozenset({"read", "act"}), None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "is not TOML"),
        ("tokens = 1", "tokens: give tables"),
        ("color = 1", "color: is not known; known are key, contact, tokens, people"),
        ('key = "short"', "key: give a text of at least 32"),
        ("key = 1", "key: give a text"),
        ("contact = 1", "contact: give a text"),
        ('[[tokens]]\nname = "n"\nsha256 = "x"', "tokens[0].sha256: give the SHA-256"),
        (f'[[tokens]]\nsha256 = "{DIGEST}"', "tokens[0].name: give a name"),
        (f'[[tokens]]\nname = "a\\nb"\nsha256 = "{DIGEST}"', "tokens[0].name: give a name"),
        (f'{TOKEN}scopes = ["write"]', "tokens[0].scopes: give one or both of read, act"),
        (f"{TOKEN}scopes = []", "tokens[0].scopes: give one or both"),
        (f'{TOKEN}departments = "a"', "tokens[0].departments: give a list of texts"),
        (f"{TOKEN}expires = 2027-01-01", "tokens[0].expires: give a date and time with an offset"),
        (f"{TOKEN}expires = 2027-01-01T00:00:00", "tokens[0].expires: give a date and time with an offset"),
        (f'{TOKEN}token = "pw_x"', "tokens[0].token: is not known"),
        (TOKEN + TOKEN, "two entries have one sha256"),
        ('[[people]]\nname = "n"\nsha256 = "x"', "people[0].sha256: is not known"),
    ],
)
def test_what_it_may_not_say(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(text)
    with pytest.raises(TokensError) as refused:
        load(path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{path}: ")
    assert "pw_x" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TokensError, match="cannot be read"):
        load(tmp_path / "none")


def test_a_token_that_is_made_is_known(tmp_path: Path) -> None:
    token, table = made('n "lee"')
    assert token.startswith("pw_")
    assert len(token) > 40
    path = tmp_path / "tokens.toml"
    path.write_text(table)
    found = load(path).by_token(token, 0)
    assert found is not None
    assert (found.person.name, found.person.scopes) == ('n "lee"', frozenset({"read", "act"}))
    assert token not in table


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["n.lee"]) == 0
    assert people.PREFIX in capsys.readouterr().out
    assert main([]) == 2
    assert "give one name" in capsys.readouterr().err
