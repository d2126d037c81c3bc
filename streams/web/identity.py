"""Who asks: by a bearer token, by a session that was had for one, by a trusted proxy, or by nothing but the loopback.

Theory of operation. Without a tokens' file and a proxy the server listens on loopback only (`Settings.web_bind`);
whoever reaches it may read, nobody may act, and the `Host` must be a name of this machine, so that no page of another
origin can be made to look like ours. With an identity configured everybody says who he is. The order: a bearer token,
else the header of a proxy whose address is listed, else the session's cookie. A bearer token that is wrong is never
made up for by another way in.

A session is the token's id and an end, signed with the key that the workers share (or one of this process, if they
share none); it is worth what the token is worth at the moment, so a token that is taken out ends its sessions.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from streams.settings import Settings
from streams.web.people import NAME, People, Person, TokensFile

SESSION_SECONDS: Final = 12 * 3600
COOKIE: Final = "portalwatch-session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MACHINE: Final = Person("this machine", how="machine")


class Unknown(Exception):
    """Nobody that we know: what would be right, in a sentence."""


class Identity:
    """Who asks, by the settings; `tokens` is the file of the setting TOKENS."""

    def __init__(self, given: Settings) -> None:
        self.configured = given.has_identity
        self._tokens = TokensFile(given.tokens)
        self._header, self._proxies = given.proxy_header, given.trusted_proxies
        self._url = urlsplit(given.advertised_url)
        self._app_id = given.app_id
        self._bound = given.web_bind
        self._own = secrets.token_bytes(32)

    @property
    def people(self) -> People:
        """What the tokens' file says now."""
        return self._tokens.people()

    @property
    def secret(self) -> bytes:
        """What workers share; empty if they share none."""
        return self.people.key

    @property
    def refs_key(self) -> bytes:
        """What references to cycles are made with."""
        return self.people.key or f"app:{self._app_id}".encode()

    @property
    def cookie(self) -> str:
        """The name of the session's cookie; with https one that no other host can set."""
        return f"__Host-{COOKIE}" if self.secure else COOKIE

    @property
    def secure(self) -> bool:
        """Whether browsers reach this worker over https."""
        return self._url.scheme == "https"

    def who(self, headers: Mapping[str, str], cookies: Mapping[str, str], remote: str | None, now: int) -> Person:
        """Who asks; `now` in microseconds of the wall.

        Raises:
            Unknown: nobody that we know.
        """
        if not self.configured:
            return MACHINE
        people = self.people
        given = headers.get("Authorization")
        if given is not None:
            return self._bearer(people, given, now)
        if (person := self._by_proxy(people, headers, remote)) is not None:
            return person
        if (cookie := cookies.get(self.cookie)) is not None:
            return self._session(people, cookie, now)
        raise Unknown("give a bearer token: `Authorization: Bearer pw_...`")

    def _bearer(self, people: People, given: str, now: int) -> Person:
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer":
            raise Unknown("give `Authorization: Bearer TOKEN`")
        found = people.by_token(token.strip(), now)
        if found is None:
            raise Unknown("the token is not known, or has expired")
        return found.person

    def _by_proxy(self, people: People, headers: Mapping[str, str], remote: str | None) -> Person | None:
        if self._header is None or not self.is_proxy(remote):
            return None
        name = headers.get(self._header)
        if name is None:
            return None
        found = people.by_proxy(name) if NAME.fullmatch(name) else None
        if found is None:
            raise Unknown("the proxy names somebody who has no rights here")
        return found

    def is_proxy(self, remote: str | None) -> bool:
        """Whether an address is one of the trusted proxies'."""
        try:
            address = ipaddress.ip_address(remote or "")
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._proxies)

    # -- sessions -------------------------------------------------------------------------------

    def session(self, token: str, now: int) -> str:
        """The cookie's value for a token. Unknown: the token is not known, or has expired."""
        found = self.people.by_token(token.strip(), now)
        if found is None:
            raise Unknown("the token is not known, or has expired")
        end = now // 1_000_000 + SESSION_SECONDS
        return f"{found.id}.{end}.{self._signed(found.id, end)}"

    def _session(self, people: People, cookie: str, now: int) -> Person:
        token, _, rest = cookie.partition(".")
        end, _, signature = rest.partition(".")
        if not (end.isascii() and end.isdigit() and len(end) < 13):
            raise Unknown("the session is not one of ours; sign in again")
        if not hmac.compare_digest(signature.encode(), self._signed(token, int(end)).encode()):
            raise Unknown("the session is not one of ours; sign in again")
        found = people.by_id(token, now) if int(end) * 1_000_000 > now else None
        if found is None:
            raise Unknown("the session is over; sign in again")
        person = found.person
        return Person(person.name, person.scopes, person.departments, "session")

    def _signed(self, token: str, end: int) -> str:
        return hmac.new(self.secret or self._own, f"session 1:{token}:{end}".encode(), "sha256").hexdigest()

    # -- browsers -------------------------------------------------------------------------------

    def host_is_ours(self, host: str | None) -> bool:
        """Whether a `Host` may be asked for; while nobody is asked who he is, only names of this machine may."""
        if self.configured:
            return True
        name = hostname(f"//{host or ''}")
        return name is not None and name in {*LOCAL_NAMES, self._bound, self._url.hostname}

    def why_not_ours(self, headers: Mapping[str, str], remote: str | None, *, cookie: bool) -> str | None:
        """What speaks against taking a writing request as one that a person wanted; None if nothing does.

        A browser says where a request comes from. What is no browser says nothing of the kind, and has no cookie.
        """
        site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
        if site not in (None, "same-origin"):
            return "a browser may write only from a page of this server: Sec-Fetch-Site has to be same-origin"
        if origin is None:
            return "a browser has to give its Origin" if site is not None or cookie else None
        if origin.rstrip("/").lower() in self._origins(headers, remote):
            return None
        return "Origin: is not that of this server"

    def _origins(self, headers: Mapping[str, str], remote: str | None) -> set[str]:
        hosts = {headers.get("Host", "")}
        if self.is_proxy(remote) and (forwarded := headers.get("X-Forwarded-Host")):
            hosts.add(forwarded)
        own = f"{self._url.scheme}://{self._url.netloc}".lower()
        schemes = {"https"} if self.secure else {"http", "https"}
        return {own, *(f"{scheme}://{host}".lower() for scheme in schemes for host in hosts if host)}


def hostname(url: str) -> str | None:
    """The host of a URL without its port; None if it has none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
