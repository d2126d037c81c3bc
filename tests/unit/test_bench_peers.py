"""The race of `tests.bench.peers`: the logs and what is true of them, counting, costs, and what a table says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas import instants
from schemas.policy import DAY, HOUR
from tests import brokers
from tests.bench.peers import bed, environments, jobs, logs, runs, told
from tests.bench.peers.entrants import PEERS
from tests.bench.peers.environments import Missing
from tests.bench.peers.logs import CLOSED, NEAR, SENT, WITHIN, Record, Truth
from tests.bench.peers.meter import Meter, sample
from tests.bench.peers.runs import Wrong
from tests.bench.peers.told import Alert, Counts, Standing
from tests.bench.peers.worker import core
from tests.e2e.http import until

END = instants.parse("2026-11-28T20:00:00Z")


def events(records: list[Record]) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in records]


# -- logs -------------------------------------------------------------------------------------------


def test_the_toy_log_has_so_many_events_in_order_of_time_and_its_last_at_the_end() -> None:
    log = list(logs.toy(3_000, END))
    times = [instants.parse(event["time"]) for event in events(log)]
    assert len(log) == 3_000
    assert times == sorted(times)
    assert times[-1] == END
    assert log == list(logs.toy(3_000, END))
    assert [record.key.decode() for record in log] == [event["subject"] for event in events(log)]


def test_no_near_moment_and_no_due_of_the_toy_log_lies_within_an_hour_of_its_end() -> None:
    """So whichever clock a peer has, it finds the same; an hour is more than a run takes."""
    opened = [instants.parse(event["time"]) for event in events(list(logs.toy(20_000, END))) if event["type"] == SENT]
    moments = [at + span for at in opened for span in (NEAR, WITHIN)]
    assert min(abs(moment - END) for moment in moments) >= HOUR
    assert min(moments) < END < max(moments)


def test_few_items_of_the_toy_log_are_near_before_they_are_answered() -> None:
    """These a peer that looks at the wall alerts on and takes back: two records for one of them."""
    log = events(list(logs.toy(20_000, END)))
    closed = {event["subject"]: event for event in log if event["type"] == CLOSED}
    opened = {event["subject"]: event for event in log if event["type"] == SENT}
    late = [
        item for item, event in closed.items()
        if instants.parse(opened[item]["time"]) + NEAR < instants.parse(event["time"])
    ]  # fmt: skip
    assert 0.005 < len(late) / len(opened) < 0.01


@pytest.mark.parametrize(
    ("hours", "met", "missed", "standing"),
    [
        ((0, None), 0, 0, {"p-1"}),
        ((6, None), 0, 0, {"p-1"}),
        ((7, None), 0, 0, set()),
        ((0, 24), 1, 0, set()),
        ((0, 24.001), 0, 1, set()),
    ],
)
def test_an_item_is_judged_by_its_two_events(
    hours: tuple[float, float | None], met: int, missed: int, standing: set[str]
) -> None:
    begin = END - 24 * HOUR
    told_of = [(at, kind) for at, kind in zip(hours, (SENT, CLOSED), strict=True) if at is not None]
    log = [
        Record(b"p-1", json.dumps(logs._event(int(begin + at * HOUR), "p-1", kind)).encode()) for at, kind in told_of
    ]
    assert logs.judge(log, END) == Truth(len(log), met, missed, frozenset(standing))


def test_what_is_true_of_the_toy_log_the_core_says_too() -> None:
    truth = logs.judge(logs.toy(3_000, END), END)
    assert truth.met > 1_000
    assert truth.missed > 5
    assert len(truth.standing) > 5
    assert core(jobs.TOY, logs.toy(3_000, END), END) == truth


def test_the_ladder_ends_in_a_break_in_which_no_stage_falls() -> None:
    (ladder,) = (job for job in jobs.jobs(END) if job.name == "ladder")
    at_noon = core(ladder.policy, ladder.records(3_000), ladder.now)
    a_quarter_later = core(ladder.policy, ladder.records(3_000), ladder.now + HOUR // 4)
    assert at_noon == a_quarter_later
    assert at_noon.missed > 5
    assert at_noon.standing


def test_copies_of_the_helpdesk_log_keep_its_days_and_hours_and_share_no_item() -> None:
    log = events(list(logs.helpdesk(30_000, END)))
    first = instants.parse(json.loads(logs._lines()[0])["time"])
    assert len({(event["source"], event["id"]) for event in log}) == 30_000
    times = [instants.parse(event["time"]) for event in log]
    assert times == sorted(times)
    assert END - 7 * DAY < times[-1] <= END
    shift = times[0] - first
    assert shift % (7 * DAY) == 0
    assert {event["subject"].rpartition("-")[2] for event in log} == {"0", "1", "2"}


def test_the_helpdesk_is_judged_at_lunch_on_a_working_day() -> None:
    for day in range(7):
        now = jobs.lunch(END + day * DAY)
        local = datetime.fromtimestamp(now / 1e6, ZoneInfo("Europe/Rome"))
        assert (local.hour, local.minute) == (12, 45)
        assert local.weekday() < 5
        assert 0 < now - (END + day * DAY) <= 3 * DAY


# -- counting ---------------------------------------------------------------------------------------


def alert(at: float = 1.0, **value: Any) -> Alert:
    return Alert(at, json.dumps(value).encode())


def test_an_alert_stands_until_it_is_taken_back() -> None:
    found = told.standing(
        [
            alert(1.0, item="p-1", state="firing"),
            alert(2.0, item="p-1", state="firing"),
            alert(3.0, item="p-2", state="firing"),
            alert(4.0, item="p-2", state="resolved"),
        ]
    )
    assert found == Standing({"p-1"}, said=3, last=4.0)


def test_portalwatchs_alerts_are_counted_by_their_type_and_its_notices_are_not() -> None:
    found = told.standing(
        [
            alert(1.0, subject="p-1", type="portal.alert.fired", data={"state": "firing"}),
            alert(2.0, subject="p-2", type="portal.alert.fired"),
            alert(3.0, subject="p-2", type="portal.alert.resolved"),
            alert(4.0, subject="message", type="portal.alert.notice"),
        ]
    )
    assert found == Standing({"p-1"}, said=2, last=3.0)


def test_changes_of_a_table_count_by_their_sum_whatever_their_order() -> None:
    found = told.standing(
        [alert(item="p-1", diff=-1), alert(item="p-1", diff=1), alert(item="p-2", diff=1), alert(item="p-1", diff=1)]
    )
    assert found.items == {"p-1", "p-2"}


def test_the_first_full_counts_are_kept_and_half_a_line_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = [json.dumps({"at": at, "first": 1.0, "met": met, "missed": 1}) + "\n" for at, met in ((2.0, 3), (3.0, 9))]
    torn = '{"at": {"at": 2.0, "first": 1.0\n'
    log.write_text(f"a word of the framework\n{torn}{lines[0]}{lines[1][:20]}")
    listener = told.Listener(log)
    assert not listener.full(10)
    assert listener.counts == Counts(2.0, 1.0, 3, 1)
    log.write_text(f"a word of the framework\n{torn}{lines[0]}{lines[1]}" + lines[1].replace("3.0", "4.0"))
    assert listener.full(10)
    assert listener.counts == Counts(3.0, 1.0, 9, 1)


def test_a_run_that_found_something_else_has_no_figures_and_says_what() -> None:
    truth = Truth(100, 40, 5, frozenset({"p-1", "p-2"}))
    with Meter(os.getpid()) as meter:
        until(lambda: bool(meter.samples), 10)
    run = runs.compared(truth, Counts(3.0, 1.0, 40, 5), Standing({"p-1", "p-2"}, 4, 3.5), meter, meter)
    assert (run.seconds, run.rate, run.said) == (2.5, 40.0, 4)
    with pytest.raises(Wrong, match=r"met 39 instead of 40; missed 6 instead of 5$"):
        runs.compared(truth, Counts(3.0, 1.0, 39, 6), Standing({"p-1", "p-2"}), meter, meter)
    with pytest.raises(Wrong, match=r"of 2 alerts 1 lack, and 1 are too many$"):
        runs.compared(truth, Counts(3.0, 1.0, 40, 5), Standing({"p-1", "p-3"}), meter, meter)


def test_the_wait_counts_from_the_start_of_the_process_and_the_rate_from_the_first_event() -> None:
    with Meter(os.getpid()) as meter:
        until(lambda: bool(meter.samples), 10)
    begin = meter.samples[0].at
    run = runs.compared(Truth(100), Counts(begin + 5.0, begin + 3.0, 0, 0), Standing(), meter, meter)
    assert [run.seconds, run.waited] == pytest.approx([2.0, 5.0])


def test_a_meter_adds_up_several_processes() -> None:
    one, other = os.getpid(), os.getppid()
    apart = [sample(pid) for pid in (one, other)]
    together = sample(one, other)
    assert together is not None
    assert together.resident_bytes > max(each.resident_bytes for each in apart if each is not None)
    gone = 2**22 + 1  # greater than any
    assert sample(gone) is None
    assert sample(one, gone) is not None


def test_a_meter_sees_what_a_process_and_its_children_use() -> None:
    busy = "import time\nwhile time.process_time() < 0.5: pass\ntime.sleep(30)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    process = subprocess.Popen([sys.executable, "-c", parent], start_new_session=True)
    try:
        with Meter(process.pid) as meter:
            until(lambda: bool(meter.samples) and meter.cpu_seconds(0, time.time()) > 0.3, 30)
        assert meter.peak_bytes() > 10 << 20
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert sample(process.pid) is None


# -- who takes part ---------------------------------------------------------------------------------


def test_what_the_issue_names_takes_part() -> None:
    assert [peer.name for peer in PEERS] == [
        "Kafka Streams",
        "Kafka Streams, tuned",
        "raw aiokafka",
        "Bytewax, epochs of 10 s",
        "Bytewax, epochs of 1 s",
        "Pathway",
        "Quix Streams",
        "stock faust-streaming",
    ]


def test_a_peer_without_an_interpreter_says_what_it_needs() -> None:
    assert environments._interpreter((3, 99)) == sys.executable
    with pytest.raises(Missing, match=r"needs Python 3.11 to 3.10, and there is none on the path"):
        environments._interpreter((3, 10))


def test_a_group_waits_for_its_members_as_kafka_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "formatted", lambda config: [str(config)])
    (path,) = bed._prepare(tmp_path / "kafka", 9092)
    lines = Path(path).read_text().splitlines()
    assert [line for line in lines if "initial.rebalance" in line] == ["group.initial.rebalance.delay.ms=3000"]
    assert "listeners=PLAINTEXT://127.0.0.1:9092" in "\n".join(lines)


# -- several workers --------------------------------------------------------------------------------
