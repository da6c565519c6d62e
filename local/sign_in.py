"""The sign-in of the issuer: authorization code with PKCE and refresh tokens, like Cognito.

A user of this machine may sign in as any user of any tenant. Codes and tokens go only to the
console and the CLI of the twin, at their exact addresses.
"""

from __future__ import annotations

import hmac
import html
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import urlencode

_PAGE: Final = Path(__file__).with_name("sign_in.html")
_CODE_SECONDS: Final = 60

type Form = Mapping[str, str]
type Body = dict[str, Any]


class OAuthError(Exception):
    """An OAuth error. The message is the error code."""


@dataclass(frozen=True, slots=True)
class Person:
    """The user who signs in."""

    user: str
    tenant: str
    admin: bool


@dataclass(frozen=True, slots=True)
class _Code:
    person: Person
    client: str
    redirect_uri: str
    challenge: str
    expires_at: float


@dataclass(slots=True)
class SignIn:
    """Issues codes and refresh tokens, and keeps them in memory."""

    token: Callable[[Person], str]
    seconds: int
    client: str
    redirects: Collection[str]
    logouts: Collection[str]
    _codes: dict[str, _Code] = field(default_factory=dict)
    _refresh: dict[str, tuple[str, Person]] = field(default_factory=dict)

    def page(self, query: Form) -> str:
        """Returns the sign-in page. Raises OAuthError if it would redirect elsewhere."""
        self._check_request(query)
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in query.items()
        )
        return Template(_PAGE.read_text()).substitute(hidden=hidden)

    def authorize(self, form: Form) -> str:
        """Returns the redirect URL after a sign-in."""
        self._check_request(form)
        user, tenant = form.get("user") or "you", form.get("tenant") or "default"
        person = Person(user, tenant, admin=form.get("admin") == "on")
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(
            person,
            form["client_id"],
            form["redirect_uri"],
            form["code_challenge"],
            time.monotonic() + _CODE_SECONDS,
        )
        query = urlencode({"code": code, "state": form.get("state", "")})
        return f"{form['redirect_uri']}?{query}"

    def exchange(self, form: Form) -> Body:
        """Returns tokens for a code or a refresh token. Raises OAuthError if it is invalid."""
        match form.get("grant_type"):
            case "authorization_code":
                person = self._redeem_code(form)
                refresh = secrets.token_urlsafe(32)
                self._refresh[refresh] = (form["client_id"], person)
                return {**self._access(person), "refresh_token": refresh}
            case "refresh_token":
                grant = self._refresh.get(form.get("refresh_token", ""))
                if grant is None or grant[0] != form.get("client_id"):
                    raise OAuthError("invalid_grant")
                return self._access(grant[1])
            case _:
                raise OAuthError("unsupported_grant_type")

    def revoke(self, form: Form) -> Body:
        """Forgets a refresh token. Like OAuth, returns nothing, also for an unknown token."""
        grant = self._refresh.get(form.get("token", ""))
        if grant is not None and grant[0] == form.get("client_id"):
            del self._refresh[form["token"]]
        return {}

    def sign_out(self, query: Form) -> str:
        """Returns the redirect URL after a sign-out."""
        if query.get("client_id") != self.client or query.get("logout_uri") not in self.logouts:
            raise OAuthError("invalid_request")
        return query["logout_uri"]

    def _check_request(self, query: Form) -> None:
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            raise OAuthError("invalid_request")
        if query.get("client_id") != self.client or not query.get("code_challenge"):
            raise OAuthError("invalid_request")
        if query.get("redirect_uri") not in self.redirects:
            raise OAuthError("invalid_request")

    def _access(self, person: Person) -> Body:
        token = self.token(person)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.seconds}

    def _redeem_code(self, form: Form) -> Person:
        code = self._codes.pop(form.get("code", ""), None)
        proof = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(proof).rstrip(b"=").decode()
        if (
            code is None
            or time.monotonic() > code.expires_at
            or (form.get("client_id"), form.get("redirect_uri")) != (code.client, code.redirect_uri)
            or not hmac.compare_digest(challenge, code.challenge)
        ):
            raise OAuthError("invalid_grant")
        return code.person
