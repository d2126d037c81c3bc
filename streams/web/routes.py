"""All paths of the API: what each takes and answers. The server and the OpenAPI document are made from this list."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, NamedTuple

from schemas.policy import WORKFLOWS
from streams.web.forms import Alerts, Item, Items, Resolved
from streams.web.forms_acts import Acknowledge, Act, Assign, Login, Me, Snooze
from streams.web.questions import DEFAULT, FILTERS, LONGEST, MOST, RESOLVED
from streams.web.refs import ALPHABET, LENGTH

Schema = dict[str, Any]
ITEM: Final = r"^[A-Za-z0-9._~-]{1,128}$"


class Parameter(NamedTuple):
    """Of the path, the query or a header."""

    name: str
    place: str
    schema: Schema
    description: str


class Route(NamedTuple):
    """One path and method."""

    method: str
    path: str
    name: str
    """Of the handler, and the operation's id."""
    summary: str
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    answer: type | None = None
    status: int = 200
    content: str = "application/json"
    errors: tuple[int, ...] = ()
    open: bool = False
    """Answered to whoever asks."""


def _query(name: str, schema: Schema, description: str) -> Parameter:
    return Parameter(name, "query", schema, description)


TEXT: Final[Schema] = {"type": "string", "maxLength": LONGEST}
WORKFLOW: Final = _query("workflow", {"enum": [*WORKFLOWS, ""]}, "Items of one workflow; empty: of all.")
DEPARTMENT: Final = _query("department", TEXT, "Items of one department, as the items name it.")
SEARCH: Final = _query("q", TEXT, "Items whose name contains this.")
LIMIT: Final = _query(
    "limit",
    {"anyOf": [{"type": "integer", "minimum": 0, "maximum": MOST}, {"const": ""}], "default": DEFAULT},
    f"How many at most; 0: the counts alone; empty: {DEFAULT}.",
)
AFTER: Final = _query(
    "after", {"type": "string", "maxLength": 2_000, "pattern": "^[A-Za-z0-9_-]*$"}, "The `next` of the page before."
)
PARTIAL: Final = _query(
    "partial",
    {"enum": ["yes", "no"], "default": "no"},
    "`yes`: answer with what can be seen, and say in `seen.missing` what cannot; else that is a 503.",
)
WORDS: Final = "|".join(name for name in FILTERS if name != RESOLVED)
STATE: Final = _query(
    "state",
    {"type": "string", "pattern": f"^({RESOLVED}|({WORDS})(,({WORDS}))*)?$"},
    f"One or several, by comma, of {', '.join(FILTERS)}. `resolved`: those that ended in the last day after a stage "
    "had fired, the latest first; it stands alone.",
)
HELD: Final = _query(
    "held",
    {"enum": ["yes", "no", ""]},
    "Whether somebody has acknowledged or snoozed it, and that holds; empty: either.",
)
WORKFLOW_PATH: Final = Parameter("workflow", "path", {"enum": list(WORKFLOWS)}, "The item's workflow.")
ITEM_PATH: Final = Parameter("item", "path", {"type": "string", "pattern": ITEM}, "The item.")
ALERT_PATH: Final = Parameter("id", "path", {"type": "string", "minLength": 1, "maxLength": 600}, "The alert's id.")
REF_PATH: Final = Parameter(
    "ref", "path", {"type": "string", "pattern": f"^[{ALPHABET}]{{{LENGTH}}}$"}, "A reference to a cycle."
)
KEY: Final = Parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "pattern": "^[A-Za-z0-9._~-]{8,64}$"},
    "The act's id: to repeat a request with the same one changes nothing.",
)
RESUME: Final = (
    Parameter("Last-Event-ID", "header", {"type": "string", "maxLength": 100}, "The last event that was had."),
    _query("after", {"type": "string", "maxLength": 100}, "The same, where no header can be given."),
)
_ACTING: Final = (400, 403, 404, 409, 413, 415, 422, 503)

ROUTES: Final = (
    Route(
        "GET", "/api/items", "items", "Items that are pending, by due time, and how many there are",
        (WORKFLOW, DEPARTMENT, STATE, HELD, SEARCH, LIMIT, AFTER, PARTIAL), answer=Items, errors=(400, 422, 503),
    ),
    Route(
        "GET", "/api/items/{workflow}/{item}", "item", "One item: its history, and why it is due when it is",
        (WORKFLOW_PATH, ITEM_PATH), answer=Item, errors=(400, 404, 503),
    ),
    Route(
        "GET", "/api/alerts", "alerts", "Alerts that fire, by their items' due time",
        (WORKFLOW, DEPARTMENT, SEARCH, LIMIT, AFTER, PARTIAL), answer=Alerts, errors=(400, 422, 503),
    ),
    Route(
        "GET", "/api/refs/{ref}", "ref", "Which item a reference stands for", (REF_PATH,), answer=Resolved,
        errors=(400, 404, 503),
    ),
    Route(
        "GET", "/api/stream", "stream",
        "What changes, as server-sent events: `change` (Change), `status` (Status), `reset` (ask for the whole again)",
        (WORKFLOW, DEPARTMENT, *RESUME), content="text/event-stream", errors=(400, 503),
    ),
    Route(
        "POST", "/api/alerts/{id}/acknowledge", "acknowledge",
        "Acknowledge: no stage before the due fires for `ack_for`", (ALERT_PATH, KEY), body=Acknowledge, answer=Act,
        status=202, errors=_ACTING,
    ),
    Route(
        "POST", "/api/alerts/{id}/snooze", "snooze", "Snooze: no stage before the due fires until then",
        (ALERT_PATH, KEY), body=Snooze, answer=Act, status=202, errors=_ACTING,
    ),
    Route(
        "POST", "/api/items/{workflow}/{item}/assign", "assign", "Take an item, or give it to somebody",
        (WORKFLOW_PATH, ITEM_PATH, KEY), body=Assign, answer=Act, status=202, errors=_ACTING,
    ),
    Route("GET", "/api/me", "me", "Who asks, and what is allowed", answer=Me),
    Route(
        "POST", "/api/session", "sign_in", "Exchange a token for a session cookie", body=Login, answer=Me,
        errors=(400, 403, 413, 415), open=True,
    ),
    Route("DELETE", "/api/session", "sign_out", "End the session", status=204, errors=(403,), open=True),
    Route("GET", "/api/openapi.json", "openapi", "This document", content="application/json", open=True),
)  # fmt: skip
"""`/healthz` and `/readyz` are for probes, and stand in `streams.pages`."""

TITLES: Final = {
    400: "A parameter or the body is not as it must be",
    401: "It is not known who asks",
    403: "It is known who asks, and it is not allowed",
    404: "There is nothing of that name that may be seen",
    409: "It is over, or somebody else was faster",
    413: "The body is too large",
    415: "The body is not application/json",
    421: "The Host is not this server",
    422: "It is well-formed, and cannot be",
    429: "More slowly; Retry-After says when",
    503: "What was asked for cannot be seen or done now; Retry-After says when to ask again",
}
assert all(HTTPStatus(status) for status in TITLES)
