"""Random policies and event logs, for tests that compare: `generate(seed, flavour)`.

Flavours: `plain` (one clinic's policy, some forty items with believable lives), `dense` (a few items, many events
crammed onto equal and neighbouring instants, commands, late ones) and `rich` (several calendars in odd zones, windows
over midnight, every kind of rule, stage and setting; repeated, late and malformed events, offsets, long silences).
The policies keep to all of section 3; the same seed and flavour always give the same pair. An item's life is a walk:
each event some time after the one before, its action drawn by what a portal would send; then some arrive late or twice.
"""

import random
from typing import Any

from .instants import DAY, HOUR, MINUTE, SECOND, moment, parse_instant, print_instant
from .policies import dense_policy, dump, plain_policy, rich_policy

FLAVOURS = ("plain", "dense", "rich")

Event = dict[str, Any]

OPENS = {
    "message": "message.sent",
    "appointment": "appointment.requested",
    "result": "result.promised",
    "questionnaire": "questionnaire.submitted",
}
LATER = {
    "message": {"sent": 5, "replied": 1, "closed": 1, "awaiting_patient": 2, "assigned": 4},
    "appointment": {"requested": 2, "confirmed": 1, "declined": 1, "offered": 3, "answered": 3, "cancelled": 1}
    | {"assigned": 4, "moved": 3},
    "result": {"promised": 2, "released": 1, "looked_up": 6, "cancelled": 1, "assigned": 4, "moved": 2},
    "questionnaire": {"submitted": 3, "reviewed": 2, "cancelled": 1, "assigned": 3, "moved": 4},
}
ENDS = {"replied", "closed", "confirmed", "declined", "cancelled", "released", "reviewed"}
PLAIN = {
    "department": ["cardiology", "oncology", "imaging", "primary-care", "unknown-dept"],
    "priority": ["urgent", "routine"],
    "pool": ["night-desk"],
}
DENSE = {"department": ["a", "b", "c", "z"], "priority": ["urgent", "routine"], "pool": ["pb", "pz"], "owner": ["me"]}
RICH = {
    "department": ["a", "b", "c", "nowhere"],
    "priority": ["urgent", "routine"],
    "pool": ["pa", "pool-x", "pool-y"],
    "owner": ["me", "you"],
    "site": ["s1", "s2"],
    "kind": ["k1", "k2", "k3"],
}
RICH_STARTS = ("2026-03-06", "2026-09-02", "2026-10-01", "2026-11-08", "2028-02-26", "2024-12-20", "2025-10-24")


def chance(rng: random.Random, probability: float) -> bool:
    """True that often."""
    return rng.random() < probability


def some_routing(rng: random.Random, names: dict[str, list[str]], probability: float) -> dict[str, Any]:
    """Routing fields, each given with the probability (the department twice as often)."""
    return {
        field: rng.choice(values)
        for field, values in names.items()
        if chance(rng, probability * (2 if field == "department" else 1))
    }


def anchor(rng: random.Random, time: int, widest: int) -> str:
    """An anchor around an instant: mostly after it, now and then before."""
    return print_instant(time + rng.randrange(-widest // 8, widest) // MINUTE * MINUTE)


def command(rng: random.Random, workflow: str, time: int) -> tuple[str, Event]:
    """An acknowledge, a snooze or an assignment by command."""
    verb = rng.choice(["acknowledged", "acknowledged", "acknowledged", "snoozed", "assigned"])
    data: Event = {"workflow": workflow, "by": "staff"}
    if verb == "snoozed":
        data["until"] = print_instant(time + rng.randrange(-8 * HOUR, 40 * HOUR) // HOUR * HOUR)
    return f"command.{verb}", data


def action(rng: random.Random, workflow: str, time: int, commands: float, ending: float) -> tuple[str, Event]:
    """The type (without `portal.`) of an item's next event, and what its data must have."""
    if chance(rng, commands):
        return command(rng, workflow, time)
    weights = LATER[workflow]
    verbs = [verb for verb in weights if verb not in ENDS or chance(rng, ending)]
    verb = rng.choices(verbs, [weights[name] for name in verbs])[0]
    return f"{workflow}.{verb}", {}


def an_event(number: int, item: str, kind: str, time: int, data: Event) -> Event:
    """A CloudEvent whose `time` is still an instant, and whose id no other event of the log has."""
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/t",
        "type": f"portal.{kind}",
        "subject": item,
        "time": time,
        "data": data,
    }


class Flavour:
    """How the lives of a flavour's items look: counts, gaps, names and probabilities."""

    def __init__(self, items: int, life: tuple[int, int], names: dict[str, list[str]], **odds: float) -> None:
        self.items, self.life, self.names, self.odds = items, life, names, odds


PLAIN_LIFE = Flavour(38, (1, 6), PLAIN, routing=0.05, opening=1, anchor=0.1, command=0.08, ending=0.9, widest=10 * DAY)
DENSE_LIFE = Flavour(
    6, (8, 22), DENSE, routing=0.2, opening=0.7, anchor=0.08, command=0.16, ending=0.15, widest=20 * HOUR
)
RICH_LIFE = Flavour(24, (1, 10), RICH, routing=0.14, opening=0.7, anchor=0.12, command=0.14, ending=0.6, widest=8 * DAY)


def gap(rng: random.Random, flavour: str, grain: int) -> int:
    """The time from one event of an item to its next."""
    if flavour == "plain":
        return rng.randrange(5 * MINUTE, 40 * HOUR)
    if flavour == "dense":
        return rng.choice([0, 0, grain, grain * rng.randrange(1, 8), rng.randrange(4 * HOUR) // grain * grain])
    whole = rng.choice([0, 0, SECOND, rng.randrange(HOUR), rng.randrange(30 * HOUR), rng.randrange(6 * DAY)])
    far = rng.choice([7, 20, 60, 300]) * DAY if chance(rng, 0.04) else 0
    return far + whole // grain * grain + (rng.choice([-1, 1]) if chance(rng, 0.05) and whole else 0)


def life(rng: random.Random, flavour: str, shape: Flavour, start: int, grain: int) -> list[tuple[str, str, int, Event]]:
    """One item's events as (workflow, type, instant, data), in order of time."""
    workflow = rng.choice(list(OPENS)[: 3 if flavour == "dense" else 4])
    time, events = start, []
    for index in range(rng.randint(*shape.life)):
        opening = index == 0 and chance(rng, 0.95)
        kind, data = OPENS[workflow], dict[str, Any]()
        if not opening:
            kind, data = action(rng, workflow, time, shape.odds["command"], shape.odds["ending"])
        routes = opening or kind.endswith(("assigned", "moved")) or chance(rng, 0.15)
        data |= some_routing(rng, shape.names, shape.odds["routing"] * 2.5 if routes else 0)
        if kind.endswith("moved") or chance(rng, shape.odds["opening"] if opening else shape.odds["anchor"]):
            data["anchor"] = anchor(rng, time, int(shape.odds["widest"]))
        if opening:
            data |= {"patient": f"p-{rng.randrange(1, 9000)}", "note": "must not leave"}
        events.append((workflow, kind, time, data))
        time += gap(rng, flavour, grain)
    return events


def log(rng: random.Random, flavour: str, shape: Flavour, first: int, grain: int) -> list[Event]:
    """The whole log in order of time, ids drawn so that their order is not that of time."""
    spread = {"plain": 16 * DAY, "dense": 30 * HOUR, "rich": 40 * DAY}[flavour]
    events: list[Event] = []
    for index in range(shape.items):
        start = first + rng.randrange(spread) // grain * grain
        for workflow, kind, time, data in life(rng, flavour, shape, start, grain):
            number = rng.randrange(1_000_000) * 10_000 + len(events)
            events.append(an_event(number, f"{workflow[0]}.{index}", kind, time, data))
    return sorted(events, key=lambda event: (event["time"], event["id"]))


def arrive(rng: random.Random, events: list[Event], late: float, longest: int, twice: float) -> list[Event]:
    """The events in order of arrival: some come late, some twice."""
    arrivals = [
        (event["time"] + (rng.randrange(longest) if chance(rng, late) else 0), index, event)
        for index, event in enumerate(events)
    ]
    for at, index, event in list(arrivals):
        if chance(rng, twice):
            arrivals.append((at + rng.choice([0, HOUR, longest]), index, event))
    return [event for _, _, event in sorted(arrivals, key=lambda arrival: arrival[:2])]


def offset_form(rng: random.Random, time: int) -> str:
    """An instant as RFC 3339, now and then in another offset than UTC."""
    minutes = rng.choice([0, 0, 0, 0, 0, 0, 60, 330, -300])
    text = print_instant(time + minutes * MINUTE)
    return text if not minutes else f"{text[:-1]}{minutes // 60 if minutes > 0 else -5:+03d}:{minutes % 60:02d}"


def roughen(rng: random.Random, events: list[Event]) -> list[Event]:
    """What only the rich flavour has: several sources, heartbeats and events that must be refused."""
    feed: Event = {"source": "/f", "type": "portal.feed.heartbeat", "subject": "feed", "data": {}}
    rough = []
    for index, event in enumerate(events):
        rough.append(event | {"source": rng.choice(["/x", "/x", "/y"])})
        if chance(rng, 0.03):
            rough.append({"specversion": "1.0", "id": f"h{index}", "time": event["time"]} | feed)
        if chance(rng, 0.03):
            rough.append(event | {"id": f"{event['id']}-bad"} | refused(rng, event))
    return rough


def refused(rng: random.Random, event: Event) -> Event:
    """A change that makes an event one for the dead letters; `shown` is the text that its `time` is to have."""
    naive = moment(event["time"]).strftime("%Y-%m-%dT%H:%M:%S")
    changes: list[Event] = [{"type": "portal.message.unheard"}, {"shown": naive}, {"subject": "no spaces"}, {"id": ""}]
    changes += [{"specversion": "0.3"}, {"data": event["data"] | {"anchor": naive}}, {"shown": "2100-01-01T00:00:00Z"}]
    return rng.choice(changes)


def finish(rng: random.Random, events: list[Event], offsets: bool) -> list[Event]:
    """Instants become text, the same for every copy of an event."""
    forms: dict[int, str] = {}
    for event in events:
        form = offset_form(rng, event["time"]) if offsets else print_instant(event["time"])
        forms.setdefault(id(event), event.get("shown", form))
    return [
        {key: value for key, value in event.items() if key != "shown"} | {"time": forms[id(event)]} for event in events
    ]


def generate(seed: int, flavour: str) -> tuple[str, list[Event]]:
    """A policy file's text and a log in order of arrival. ValueError for an unknown flavour."""
    rng = random.Random(f"{flavour}-{seed}")
    if flavour == "plain":
        events = log(rng, flavour, PLAIN_LIFE, parse_instant("2026-11-02T00:00:00Z"), rng.choice([1, SECOND]))
        return dump(plain_policy(rng)), finish(rng, arrive(rng, events, 0.15, 3 * DAY, 0.02), offsets=False)
    if flavour == "dense":
        grain = rng.choice([SECOND, 15 * MINUTE])
        events = log(rng, flavour, DENSE_LIFE, parse_instant("2026-11-09T08:00:00Z"), grain)
        return dump(dense_policy(rng)), finish(rng, arrive(rng, events, 0.3, 9 * HOUR, 0.01), offsets=False)
    if flavour == "rich":
        first = parse_instant(f"{rng.choice(RICH_STARTS)}T00:00:00Z")
        grain = rng.choice([1, SECOND, MINUTE, 15 * MINUTE])
        events = roughen(rng, log(rng, flavour, RICH_LIFE, first, grain))
        policy = dump(rich_policy(rng, moment(first).date()))
        return policy, finish(rng, arrive(rng, events, 0.25, rng.choice([DAY, 9 * DAY]), 0.05), offsets=True)
    raise ValueError(f"flavour must be one of {', '.join(FLAVOURS)}, not {flavour!r}")
