"""Where a client's token comes from: given, asked for by a machine, or kept from a sign-in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from shoal.client.effects import Answer, Flow, Request, asked
from shoal.client.errors import ApiError, SignInFailed

_EARLY: Final = 60.0
"""Seconds before its end at which a token is replaced."""


class Tokens(Protocol):
    """Gives the token to ask with."""

    def current(self) -> Flow[str]:
        """A token that still holds for a while."""


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A token that somebody else looks after; of a file, it is read anew each time."""

    token: str | Path = field(repr=False)

    def current(self) -> Flow[str]:
        """The token as it now is."""
        yield from ()
        if isinstance(self.token, str):
            return self.token
        try:
            return self.token.read_text().strip()
        except OSError as error:
            raise SignInFailed(f"the token cannot be read: {error}") from error


@dataclass(slots=True)
class ClientCredentials:
    """A machine's own tokens, by its client id and secret."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    now: Callable[[], float] = time.time
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    def current(self) -> Flow[str]:
        """The token, asked for anew a minute before it ends."""
        if self.now() >= self._until - _EARLY:
            form = {"grant_type": "client_credentials"}
            if self.scopes:
                form["scope"] = " ".join(self.scopes)
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
            given = yield from granted(self.issuer, form)
            self._token = given["access_token"]
            self._until = self.now() + float(given.get("expires_in", 3_600))
        return self._token


@dataclass(slots=True)
class SavedSignIn:
    """What `shoal login` keeps: an access token, and a refresh token for the next."""

    issuer: str
    client_id: str
    path: Path
    now: Callable[[], float] = time.time

    def current(self) -> Flow[str]:
        """The token, refreshed a minute before it ends."""
        try:
            kept = json.loads(self.path.read_text())
        except (OSError, ValueError):
            raise SignInFailed("nobody is signed in: run `shoal login`") from None
        if self.now() < kept["until"] - _EARLY:
            return str(kept["access_token"])
        if not kept.get("refresh_token"):
            raise SignInFailed("the sign-in has ended: run `shoal login`")
        form = {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"]}
        given = yield from granted(self.issuer, form | {"client_id": self.client_id})
        return self.keep({"refresh_token": kept["refresh_token"], **given})

    def keep(self, given: Mapping[str, Any]) -> str:
        """Keep what the issuer gave, for this user's eyes only; the access token."""
        kept = {
            "access_token": given["access_token"],
            "refresh_token": given.get("refresh_token"),
            "until": self.now() + float(given.get("expires_in", 3_600)),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(kept))
        fresh.replace(self.path)
        return str(kept["access_token"])


def endpoints(issuer: str) -> Flow[Mapping[str, Any]]:
    """What the issuer says of itself (OpenID Connect discovery)."""
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    answer = yield from asked(Request("GET", url))
    found: Mapping[str, Any] = answer.json
    return found


def granted(issuer: str, form: Mapping[str, str]) -> Flow[Mapping[str, Any]]:
    """What the issuer's token endpoint gives for this; raise SignInFailed if nothing."""
    known = yield from endpoints(issuer)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    content = urlencode(form).encode()
    request = Request("POST", known["token_endpoint"], headers=headers, content=content)
    try:
        answer: Answer = yield from asked(request)
    except ApiError as error:
        raise SignInFailed(f"{issuer} gives no token (status {error.status})") from error
    given: Mapping[str, Any] = answer.json
    return given
