"""The files that a page needs, under a digest of all of them: what has one name never changes, and may be kept."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from typing import Final, NamedTuple

from aiohttp.web import Request, Response

from streams.web.problems import Refused

TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER: Final = "public, max-age=31536000, immutable"
BRIEFLY: Final = "no-cache"


class File(NamedTuple):
    """One file."""

    body: bytes
    type: str
    etag: str


class Assets:
    """All of them, in memory."""

    def __init__(self) -> None:
        self._files = read()
        self.digest = sha256("".join(sorted(f.etag for f in self._files.values())).encode()).hexdigest()[:12]

    @property
    def base(self) -> str:
        """Before a file's name."""
        return f"/static/{self.digest}"

    async def serve(self, request: Request) -> Response:
        """One file. Of another digest (a page of another version asks for it) it may not be kept."""
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "there is no such file")
        keep = FOR_EVER if request.match_info["digest"] == self.digest else BRIEFLY
        headers = {"ETag": f'"{found.etag}"', "Cache-Control": keep}
        if any(given.value == found.etag for given in request.if_none_match or ()):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body=found.body, content_type=found.type, charset="utf-8", headers=headers)


def read() -> Mapping[str, File]:
    """The files of the package, by name."""
    found = {}
    for each in files(__package__).joinpath("static").iterdir():
        _, dot, ending = each.name.rpartition(".")
        if (kind := TYPES.get(dot + ending)) is not None:
            body = each.read_bytes()
            found[each.name] = File(body, kind, sha256(body).hexdigest()[:16])
    return found
