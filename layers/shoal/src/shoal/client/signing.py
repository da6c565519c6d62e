"""How a client signs in: with a token that it was given, or with one that it gets for itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

import httpx

from shoal.client.errors import Unreachable, problem_of
from shoal.client.profile import BadProfile, Profile

_EARLY: Final = 60.0
"""Seconds before its end at which a token is no longer used."""
_LIFE: Final = 3600.0
_OK: Final = 200


class GivenToken(httpx.Auth):
    """A token that others renew: it is read anew for each request, so a file may change."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign the request."""
        token = self._read()
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        yield request


class ClientCredentials(httpx.Auth):
    """The client-credentials grant of OAuth 2.0 (RFC 6749, section 4.4), for machines."""

    requires_response_body = True

    def __init__(self, profile: Profile, now: Callable[[], float] = time.monotonic) -> None:
        self._profile = profile
        self._now = now
        self._token = ""
        self._until = float("-inf")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign the request, with a new token if there is none that lasts."""
        if self._now() >= self._until:
            self._keep((yield self._asked()))
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    def _asked(self) -> httpx.Request:
        form = {"grant_type": "client_credentials"}
        if self._profile.scopes:
            form["scope"] = " ".join(self._profile.scopes)
        request = httpx.Request("POST", self._profile.token_url, data=form)
        basic = httpx.BasicAuth(self._profile.client_id, self._profile.client_secret)
        return next(basic.auth_flow(request))

    def _keep(self, response: httpx.Response) -> None:
        if response.status_code != _OK:
            raise problem_of(401, response.content, None)
        try:
            answer = response.json()
            self._token = answer["access_token"]
        except (ValueError, KeyError, TypeError):
            raise Unreachable(f"{self._profile.token_url} gave no token") from None
        self._until = self._now() + float(answer.get("expires_in", _LIFE)) - _EARLY


def auth_of(profile: Profile) -> httpx.Auth:
    """How this profile signs in; without anything it does not."""
    if profile.token:
        return GivenToken(lambda: profile.token)
    if profile.token_file:
        return GivenToken(lambda: _read(Path(profile.token_file).expanduser()))
    if profile.client_secret:
        if not profile.token_url or not profile.client_id:
            raise BadProfile("a client_secret needs token_url and client_id")
        return ClientCredentials(profile)
    return GivenToken(lambda: "")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadProfile(f"the token cannot be read: {error}") from error
