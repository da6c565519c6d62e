"""The sources of access tokens: a fixed token, client credentials, or a saved sign-in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from shoal.client.effects import Flow
from shoal.client.errors import SignInFailed
from shoal.client.oauth import request_tokens

_REFRESH_MARGIN: Final = 60.0
"""Seconds before a token's expiry at which it is replaced."""
_DEFAULT_LIFETIME: Final = 3_600


class Tokens(Protocol):
    """A source of access tokens."""

    def current(self) -> Flow[str]:
        """Return a valid access token."""


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A token that something else renews. A file is read again for each request."""

    token: str | Path = field(repr=False)

    def current(self) -> Flow[str]:
        """Return the token; raise SignInFailed if its file cannot be read."""
        yield from ()
        if isinstance(self.token, str):
            return self.token
        try:
            return self.token.read_text().strip()
        except OSError as error:
            raise SignInFailed(
                f"cannot read the token file {self.token}: {error.strerror}"
            ) from error


@dataclass(slots=True)
class ClientCredentials:
    """Tokens for a machine, by client id and secret."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    now: Callable[[], float] = time.time
    _token: str = field(default="", repr=False)
    _expires_at: float = 0.0

    def current(self) -> Flow[str]:
        """Return the token; request a new one a minute before the old one expires."""
        if self.now() >= self._expires_at - _REFRESH_MARGIN:
            form = {"grant_type": "client_credentials"}
            if self.scopes:
                form["scope"] = " ".join(self.scopes)
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
            tokens = yield from request_tokens(self.issuer, form)
            self._token = tokens["access_token"]
            self._expires_at = self.now() + float(tokens.get("expires_in", _DEFAULT_LIFETIME))
        return self._token


@dataclass(slots=True)
class SavedSignIn:
    """The tokens that `shoal login` saved."""

    issuer: str
    client_id: str
    path: Path
    now: Callable[[], float] = time.time

    def current(self) -> Flow[str]:
        """Return the access token; refresh it a minute before it expires."""
        try:
            saved = json.loads(self.path.read_text())
        except (OSError, ValueError):
            raise SignInFailed("not signed in; run `shoal login`") from None
        if self.now() < saved["until"] - _REFRESH_MARGIN:
            return str(saved["access_token"])
        if not saved.get("refresh_token"):
            raise SignInFailed("the sign-in has expired; run `shoal login`")
        form = {"grant_type": "refresh_token", "refresh_token": saved["refresh_token"]}
        tokens = yield from request_tokens(self.issuer, form | {"client_id": self.client_id})
        return self.save({"refresh_token": saved["refresh_token"], **tokens})

    def save(self, tokens: Mapping[str, Any]) -> str:
        """Save an issuer's tokens, readable by this user only; return the access token."""
        saved = {
            "access_token": tokens["access_token"],
            "refresh_token": tokens.get("refresh_token"),
            "until": self.now() + float(tokens.get("expires_in", _DEFAULT_LIFETIME)),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.path.with_suffix(".new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(saved))
        temporary.replace(self.path)
        return str(saved["access_token"])
