"""Logs: text or JSON, on standard error, without what an event held."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from types import TracebackType

import pytest

from streams.logs import JsonFormatter, Sparse, TextFormatter, config

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def record(message: str, *values: object, error: BaseException | None = None) -> logging.LogRecord:
    info: ExcInfo | None = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("streams.topics", logging.WARNING, __file__, 1, message, values, info)


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:  # noqa: BLE001 - any is what the test asks for
        return caught


def test_text_is_one_line_with_time_level_and_place() -> None:
    line = TextFormatter().format(record("partition %d of %s is ours", 3, "portal.messages"))
    expected = (
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING streams\.topics: partition 3 of portal\.messages is ours"
    )
    assert re.fullmatch(expected, line)


def test_json_is_one_object_on_one_line() -> None:
    line = JsonFormatter().format(record("two\nlines", error=raised(OSError("broken pipe"))))
    assert "\n" not in line
    read = json.loads(line)
    assert (read["level"], read["logger"], read["message"]) == ("WARNING", "streams.topics", "two\nlines")
    assert read["exception"].endswith("OSError: broken pipe")


@pytest.mark.parametrize("form", [TextFormatter(), JsonFormatter()])
def test_a_value_that_an_exception_quotes_stays_out(form: logging.Formatter) -> None:
    cause = raised(KeyError("p-4821"))
    said = form.format(record("step failed", error=raised(RuntimeError("lane 3 failed"), cause)))
    assert "p-4821" not in said
    assert "KeyError (message withheld" in said
    assert "RuntimeError: lane 3 failed" in said
    assert "test_logs.py" in said


def test_an_exception_that_is_its_own_cause_ends() -> None:
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__cause__, two.__cause__ = two, one
    assert TextFormatter().format(record("loop", error=one)).endswith("RuntimeError: one")


@pytest.mark.parametrize(
    ("level", "shown"), [("INFO", ["ours"]), ("DEBUG", ["ours", "aiokafka info"]), ("CRITICAL", [])]
)
def test_set_up_writes_to_standard_error_at_its_level(level: str, shown: list[str]) -> None:
    script = (
        "import logging, sys; from streams.logs import set_up; set_up('json', sys.argv[1]);"
        "logging.getLogger('streams').info('ours'); logging.getLogger('aiokafka').info('aiokafka info')"
    )
    done = subprocess.run([sys.executable, "-c", script, level], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == shown


def test_an_unknown_form_is_an_error() -> None:
    with pytest.raises(KeyError):
        config("xml", "INFO")


def complaint(at: float, text: str = "no node %s", name: str = "aiokafka.client", level: int = logging.ERROR) -> (
    logging.LogRecord
):  # fmt: skip
    made = logging.LogRecord(name, level, __file__, 1, text, (at,), None)
    made.created = at
    return made


def test_a_client_that_complains_without_end_is_shown_now_and_then_with_a_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sparse = Sparse()
    shown = []
    for n in range(2500):
        monkeypatch.setattr("time.monotonic", lambda n=n: 1000 + n / 100)
        if sparse.filter(one := complaint(1000 + n / 100)):
            shown.append(one.getMessage())
    assert shown == [
        "no node 1000.0",
        "no node 1010.0 (and 999 more like it)",
        "no node 1020.0 (and 999 more like it)",
    ]
    assert sparse.filter(complaint(1021, "another text %s"))
    assert not sparse.filter(complaint(1021))


@pytest.mark.parametrize("form", [TextFormatter(), JsonFormatter()])
def test_an_exception_in_a_line_shows_no_value_either(form: logging.Formatter) -> None:
    said = form.format(record("stopping: %s: %r", "lane 3", KeyError("p-4821")))
    assert "p-4821" not in said
    assert "stopping: lane 3: KeyError (message withheld" in said
    assert "OSError: no route" in form.format(record("stopping: %r", OSError("no route")))


def test_the_brokers_client_never_tells_what_it_sends() -> None:
    levels = {level: config("text", level)["loggers"]["aiokafka"]["level"] for level in ("DEBUG", "INFO", "ERROR")}
    assert levels == {"DEBUG": "INFO", "INFO": "WARNING", "ERROR": "ERROR"}


@pytest.mark.parametrize(("name", "level"), [("streams.watch", logging.ERROR), ("aiokafka.client", logging.INFO)])
def test_nothing_else_is_held_back(name: str, level: int) -> None:
    sparse = Sparse()
    assert all(sparse.filter(complaint(1000, name=name, level=level)) for _ in range(5))
