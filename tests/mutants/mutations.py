"""The faults: where, which text, what stands there instead, and the rule that this breaks.

Each is a slip that a hand could make and an eye could pass over: a swapped comparison, a forgotten pause, a step too
many. The text occurs exactly once in its file, so it must be long enough to say where.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """`file` below streams/core; `breaks` names the rule and what goes wrong."""

    file: str
    text: str
    instead: str
    breaks: str


MUTATIONS = (
    # -- time ------------------------------------------------------------------------------------------------------
    Mutation("calendars.py", "return i >= 0 and at < self._closes[i]", "return i >= 0 and at <= self._closes[i]",
             "T1: a window is half-open"),
    Mutation("calendars.py", "bisect_right(self._business, day) + n - 1", "bisect_right(self._business, day) + n",
             "T3: one business day too many"),
    Mutation("calendars.py", "if i >= 0 and due == self._closes[i]:", "if i >= 0 and due < self._opens[i]:",
             "T6: a due that is a closing counts as in the day that it closes"),
    Mutation("calendars.py", "return 0 if later else self._before[-1] - total", "return 0",
             "T9: an earlier year, once built, moves all sums"),
    Mutation("deadlines.py", "return None if run is None else max(end, run)",
             "return None if run is None else min(end, run)", "T5: the later of the two"),
    Mutation("deadlines.py", "run = reach(calendar, start, pauses, amount)", "run = reach(calendar, start, (), amount)",
             "T5: a pause moves the due"),
    Mutation("running.py", "if before >= amount:", "if before > amount:",
             "T5: an amount that is used up at a pause is used up"),
    Mutation("deadlines.py", "if b[0] is None or (a[0] is not None and a[0] <= b[0]):",
             "if b[0] is None or (a[0] is not None and a[0] >= b[0]):", "section 3: the earliest part of a rule wins"),
    Mutation("deadlines.py", "base = notice if floor is None else max(notice, floor)", "base = notice",
             "T11: the lead counts from the floor, if that is later"),
    Mutation("deadlines.py", "return min(lead, within.amount)", "return lead",
             "T11: a shorter `within` takes its place"),
    Mutation("deadlines.py", "if due is not None and due <= step.time:", "if due is not None and due < step.time:",
             "T11: only what came before the due was reached"),
    Mutation("deadlines.py", "if fair is not None and due >= fair:", "if fair is not None and due > fair:",
             "T11: a due just after the lead is no short notice"),
    Mutation("ladder.py", "reach(counted, start, pauses, -(-total * stage.percent // 10_000))",
             "reach(counted, start, (), -(-total * stage.percent // 10_000))",
             "T6: a percentage of running time"),
    Mutation("ladder.py", "total = run(counted, start, due, pauses)",
             "total = run(counted, start, due, ())", "T6: pauses are no part of the whole"),
    Mutation("ladder.py", "-(-total * stage.percent // 10_000)", "total * stage.percent // 10_000",
             "T6: the first microsecond at which it is reached"),
    Mutation("ladder.py", "times.append(max(least, _useful(stage,", "times.append(max(0, _useful(stage,",
             "T7: no stage earlier than the one listed before it"),
    Mutation("ladder.py", "opening - closing < SHORT_GAP", "opening - closing <= SHORT_GAP",
             "T7: a gap of two hours is a reason to wait"),
    Mutation("ladder.py", "return opening if back < start else back", "return back",
             "T7: a stage that would lie before the start waits for the next opening"),
    # -- the fold --------------------------------------------------------------------------------------------------
    Mutation("fold.py", "Action.STOP: 0, Action.CANCEL: 1, Action.OPEN: 2,",
             "Action.STOP: 2, Action.CANCEL: 1, Action.OPEN: 0,",
             "R1: at one instant a running cycle stops before another opens"),
    Mutation("fold.py", "running.expiry(age_of(running, max_age, ages))) <= time:",
             "running.expiry(age_of(running, max_age, ages))) < time:", "R5, R15: at one instant expiry comes first"),
    Mutation("fold.py", "pool = owner = None", "pool = None", "section 2: another department clears the owner too"),
    Mutation("fold.py", "else max(self.start, self.anchor)) + max_age", "else min(self.start, self.anchor)) + max_age",
             "R15: from the later of start and anchor"),
    # -- what is said ----------------------------------------------------------------------------------------------
    Mutation("shares.py", "cycle.end <= verdict.due", "cycle.end < verdict.due", "R2: a stop at the due is met"),
    Mutation("speech.py", "if (at := ladder.at(position)) > voice.at:", "if (at := ladder.at(position)) >= voice.at:",
             "R5: at its time, not after it"),
    Mutation("speech.py", "notify = targets(names)", "notify = targets(names[-1:])", "R5: the targets of all of them"),
    Mutation("speech.py", "if not (stage.early and voice.at < held) and", "if not voice.at < held and",
             "R8: `missed` and later always fire"),
    Mutation("speech.py", "if not (stage.early and voice.at < held) and _timely(", "if _timely(",
             "R8: an acknowledge holds the early stages back"),
    Mutation("speech.py", "if cycle.end < verdict.floor:", "if cycle.end <= verdict.floor:",
             "R10: a stop at the floor is not too early"),
    Mutation("ladder.py", "if times[i] - times[i - n + 1] <= attempts.within:",
             "if times[i] - times[i - n + 1] < attempts.within:", "R9: no further apart than the window"),
    Mutation("book.py", "return list(dict.fromkeys(name for name in found if name))",
             "return [name for name in found if name]", "section 5: each recipient once"),
    # -- arming ----------------------------------------------------------------------------------------------------
    Mutation("arming.py", "= max(when, last + 1), False,", "= when, False,",
             "R6: at least a microsecond after the last"),
    Mutation("arming.py", "return max(armings, default=cause.time)", "return min(armings, default=cause.time)",
             "R6: the arming is that of the later of resume and regain"),
    Mutation("arming.py", "renewed |= {name, *each.names}", "renewed |= {name}",
             "R6 (c): those in whose name it fired are armed with it"),
    Mutation("arming.py", "ladder.at(i) > voice.at}", "ladder.at(i) >= voice.at}", "R6 (b): ahead of now, not at it"),
    Mutation("arming.py", "if command.time >= freed:", "if command.time > freed:",
             "R8: an acknowledge at the instant of the resume holds"),
    Mutation("decide.py", "start <= c.end)]", "start < c.end)]", "R7: the span of a cycle includes its stop"),
    # -- keeping and coming back -----------------------------------------------------------------------------------
    Mutation("engine.py", "if was_seen(state.history, event.entry):",
             "if was_seen(state.history, event.entry) and False:", "R4: the same event twice"),
    Mutation("engine.py", "settings, self.latest)) is not None:", "settings, self.latest)) is not None and False:",
             "R3: late events of an item that is not kept are refused"),
    Mutation("keeping.py", "if state.history[-1].time >= latest - settings.reorder_window:",
             "if state.history[-1].time > latest - settings.reorder_window:", "R3: older than the window, not as old"),
    Mutation("keeping.py", "LATE if time <= past.last", "LATE if time < past.last",
             "R3: at or before the last event"),
    Mutation("reconcile.py", "if state is not None and _knows(state, alert.id):", "if state is not None:",
             "R12: what is open and unknown to the item is sent again"),
    # -- numbers ---------------------------------------------------------------------------------------------------
    Mutation("shares.py", "run(verdict.calendar, cycle.start, end, cycle.pauses)",
             "run(verdict.calendar, cycle.start, end, ())", "section 7: pauses are left out"),
    Mutation("shares.py", "if cycle.expired:", "if cycle.expired and False:",
             "section 7: expired is an outcome of its own"),
    Mutation("shares.py", "return share.window + WINDOW + kept", "return share.window + kept",
             "section 7: kept for 35 days after its end"),
    Mutation("cohorts.py", "_place(BOUNDS, response)] += sign", "_place(BOUNDS, response + 1)] += sign",
             "section 7: a bucket holds its bound"),
    Mutation("cohorts.py", "_place(BOUNDS, response)] += 1", "_place(BOUNDS, response + 1)] += 1",
             "section 7: a bucket holds its bound, the short way too"),
    Mutation("cohorts.py", "                self._put(workflow, share, -1)\n", "                pass\n",
             "section 7: the old share is taken out"),
    Mutation("accounts.py", "share.start not in told)", "True)", "section 8: a cycle has one response time"),
    Mutation("keeping.py", "(*state.settled, *state.shares)", "state.settled",
             "section 7: what is given up still counts"),
    Mutation("pending.py", "soon = min(soon, own if early is None else early)",
             "soon = min(soon, own)", "section 8: due_soon"),
    Mutation("pending.py", "due = min(due, own)", "due = own",
             "section 8: of several clocks the most urgent counts"),
    Mutation("pending.py", "if due <= now:\n            self._late -= 1",
             "if due < now:\n            self._late -= 1", "section 8: what has passed is counted once"),
    Mutation("pending.py", "late is None or at <= late else late", "late is None or at >= late else late",
             "section 8: the first goes first"),
    Mutation("cohorts.py", "            row.add(old, -1)\n", "            pass\n",
             "section 7: the old share of a cycle goes when the new one comes"),
    Mutation("accounts.py", "if after[0].outcome >= OVER else ()", "if after[0].outcome > OVER else ()",
             "section 8: a cycle that was kept has ended"),
    Mutation("short.py", "IN_TIME if end <= due else LATE", "IN_TIME if end < due else LATE",
             "R2: on the due is in time"),
    Mutation("short.py", "if first is None or first < at:", "if first is None:",
             "R5: a stage that has passed comes now"),
    Mutation("short.py", "max(begun, anchor or begun) + book.settings.max_age <= end", "False",
             "R15: what has expired is not answered"),
    Mutation("calendars.py", "bisect_right(before, target, 0, i + 1)", "bisect_right(before, target, 0, i)",
             "T2: many windows back"),
    Mutation("desk.py", "if before != moment:", "if before > moment:", "a later moment is put on the agenda"),
    Mutation("reconcile.py", "            share.alerted = True\n", "            pass\n",
             "section 7: a stage fired, though the state did not know"),
)  # fmt: skip
"""In the order of the contract's rules."""
