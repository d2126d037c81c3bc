"""What is wrong, as RFC 9457 has it: `application/problem+json`, with what would be right in `detail`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from streams.web.forms_acts import Problem

TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 2


class Refused(Exception):
    """A request that is not answered as asked. `detail`: what would be right."""

    def __init__(
        self, status: int, detail: str, *, retry: float | None = None, missing: Sequence[int] = (), **headers: str
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.missing = status, detail, list(missing)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if retry is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry)))


def unseen(missing: Sequence[int], partitions: int, why: str = "") -> Refused:
    """503: nobody answers for these partitions now."""
    named = ", ".join(map(str, missing))
    detail = f"not complete: {len(missing)} of {partitions} partitions cannot be seen now ({named}){why}; ask again"
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry=RETRY_SECONDS, missing=missing)


def response(refused: Refused) -> web.Response:
    """The answer that tells it."""
    problem = Problem(
        title=HTTPStatus(refused.status).phrase, status=refused.status, detail=refused.detail, missing=refused.missing
    )
    return web.Response(
        status=refused.status, body=msgspec.json.encode(problem), headers=refused.headers, content_type=TYPE
    )
