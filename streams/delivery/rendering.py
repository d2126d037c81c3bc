"""The templates of digests: `title.txt` and `body.txt`, shipped, and replaceable by a folder of the sink's.

Theory of operation. Templates of Jinja2 are given what `sentences.Text` holds. A template that cannot be read or
rendered stops the start, with its file and line: it is tried with texts of every form before anything is told. One
that fails later with real alerts gives way to the shipped one, so that people are told, and a line in the log says so
(of the alerts it says nothing). Texts are plain: nothing is escaped.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import fields
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import BaseLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined, Template
from jinja2.exceptions import TemplateError, TemplateNotFound, TemplateSyntaxError

from schemas.alerts import AlertData
from streams.core.feeds import STAGE as FEED_SILENT
from streams.delivery.digest import Kind, News
from streams.delivery.sentences import MOST_LINES, Text, compose
from streams.settings import SettingsError

TITLE: Final = "title.txt"
BODY: Final = "body.txt"
LONGEST: Final = {TITLE: 200, BODY: 4_000}
"""Letters; what goes beyond is cut."""

log = logging.getLogger(__name__)


class Message(NamedTuple):
    """What is sent."""

    title: str
    body: str


class Templates:
    """Those of one sink. `sink`: its name. SettingsError names file and line of what is wrong with one."""

    def __init__(self, sink: str, folder: Path | None) -> None:
        self._sink = sink
        self._shipped = {name: _environment(PackageLoader("streams.delivery")).get_template(name) for name in LONGEST}
        self._given = dict(self._shipped) if folder is None else self._read(folder)
        self._said: set[str] = set()
        for name, template in self._given.items():
            for text in samples():
                self._try(name, template, text)

    def render(self, text: Text) -> Message:
        """Title and body."""
        return Message(" ".join(self._render(TITLE, text).split()), self._render(BODY, text).strip())

    def _render(self, name: str, text: Text) -> str:
        try:
            made = _rendered(self._given[name], text)
        except Exception as error:  # noqa: BLE001 - whatever a template does, people are told
            if name not in self._said:
                self._said.add(name)
                log.error(  # noqa: TRY400 - the message may quote an alert
                    "sink %s: %s, line %s failed (%s): the shipped one takes its place",
                    self._sink, name, _line(error, self._given[name].filename), type(error).__name__,
                )  # fmt: skip
            made = _rendered(self._shipped[name], text)
        return made[: LONGEST[name]]

    def _read(self, folder: Path) -> dict[str, Template]:
        if not folder.is_dir():
            raise SettingsError(f"apprise.{self._sink}.templates: {folder} is no folder")
        given = _environment(FileSystemLoader(folder))
        found: dict[str, Template] = {}
        for name in LONGEST:
            try:
                found[name] = given.get_template(name)
            except TemplateSyntaxError as error:
                raise self._wrong(error.filename or name, error.lineno, error.message or "") from None
            except TemplateNotFound:
                found[name] = self._shipped[name]
            except (OSError, UnicodeDecodeError) as error:
                raise self._wrong(str(folder / name), 1, type(error).__name__) from None
        return found

    def _try(self, name: str, template: Template, text: Text) -> None:
        try:
            _rendered(template, text)
        except Exception as error:  # noqa: BLE001 - whatever it does, it is refused
            file = template.filename or name
            said = (error.message or "") if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
            line = error.lineno if isinstance(error, TemplateSyntaxError) else _line(error, template.filename)
            raise self._wrong(file, line, said) from None

    def _wrong(self, file: str, line: int, said: str) -> SettingsError:
        return SettingsError(f"apprise.{self._sink}.templates: {file}, line {line}: {said}")


def samples() -> list[Text]:
    """Texts of every form: one alert, many, all that can be said, and more than fits."""
    data = AlertData(state="firing", stage="imminent", severity="critical", workflow="message", clock="reply")
    one = News(Kind.BEGIN, "a", "a", (), data, ref="0" * 12)
    over = News(Kind.END, "a", "a:resolved", (), data, ref="0" * 12)
    feed = AlertData(state="firing", stage=FEED_SILENT, severity="critical", workflow="message")
    silent = News(Kind.BEGIN, "f", "f", (), feed)
    doubtful = AlertData(
        state="firing", stage="missed", severity="warning", workflow="result", clock="release", feed="silent",
        department="cardiology", item="r-1", guide="https://intranet.example.org/guide", due_at="2026-11-02T22:40:00Z",
    )  # fmt: skip
    many = [
        News(Kind.BEGIN, f"{n}", f"{n}", (), AlertData(state="firing", workflow="message", clock="c", stage=f"s-{n}"))
        for n in range(MOST_LINES + 3)
    ]
    notes = [[one], [one, one], [over], [silent], [News(Kind.END, "f", "g", (), feed)], [over, silent], many]
    notes.append([News(Kind.BEGIN, "d", "d", (), doubtful, ref="1" * 12), one, over])
    return [compose(each, {}, lambda data: data.due_at and "16:40", "https://board.example.org/") for each in notes]


def _environment(loader: BaseLoader) -> Environment:
    return Environment(
        loader=loader, autoescape=False, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,  # noqa: S701
    )  # fmt: skip


def _rendered(template: Template, text: Text) -> str:
    given = {field.name: getattr(text, field.name) for field in fields(text)}
    return template.render(given, critical=text.critical, over=text.over)


def _line(error: Exception, file: str | None) -> int:
    """The line of the template at which it failed."""
    places = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return places[-1] or 1 if places else 1
