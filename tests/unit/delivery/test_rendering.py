"""Templates that replace the shipped ones, and what is said of a wrong one."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from schemas.alerts import AlertData
from streams.delivery.digest import Kind, News
from streams.delivery.rendering import Templates
from streams.delivery.sentences import Text, compose
from streams.settings import SettingsError


def text(stage: str = "missed") -> Text:
    data = AlertData(state="firing", stage=stage, clock="c", workflow="message", department="<a & b>")
    return compose([News(Kind.BEGIN, "a", "a", (), data)], {}, lambda _: None, "http://b/")


def test_one_that_is_replaced_and_one_that_is_not(tmp_path: Path) -> None:
    (tmp_path / "title.txt").write_text("{{ count }} from the portal: {{ lines[0].department }}")
    message = Templates("people", tmp_path).render(text())
    assert message.title == "1 from the portal: <a & b>"
    assert message.body == "1 message in <a & b> was missed.\nOpen board: http://b/"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("body.txt", "one\n{% for %}", "body.txt, line 2: Expected an expression"),
        ("body.txt", "one\ntwo\n{{ nonsense }}", "body.txt, line 3: 'nonsense' is undefined"),
        ("title.txt", "{{ lines[0].item }}", "title.txt, line 1: "),
        ("title.txt", "\n{{ lines[5].short }}", "title.txt, line 2: "),
        ("body.txt", "{% if more %}\n{{ 1 / 0 }}{% endif %}", "body.txt, line 2: ZeroDivisionError"),
        ("body.txt", "{% include 'no.txt' %}", "body.txt, line 1: "),
    ],
)
def test_a_wrong_one_is_refused_by_file_and_line(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(SettingsError) as refused:
        Templates("people", tmp_path)
    assert str(refused.value).startswith(f"apprise.people.templates: {tmp_path / said}")


def test_what_is_no_utf8_and_what_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "body.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"body\.txt, line 1: UnicodeDecodeError$"):
        Templates("people", tmp_path)
    with pytest.raises(SettingsError, match="is no folder"):
        Templates("people", tmp_path / "no")


def test_one_that_fails_with_a_real_alert_gives_way_to_the_shipped_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "body.txt").write_text("one\n{% if lines[0].stage == 'marker' %}{{ 1 / 0 }}{% endif %}")
    templates = Templates("people", tmp_path)
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            assert templates.render(text(stage="marker")).body.startswith("1 message in")
    assert [record.getMessage() for record in caplog.records] == [
        "sink people: body.txt, line 2 failed (ZeroDivisionError): the shipped one takes its place"
    ]
