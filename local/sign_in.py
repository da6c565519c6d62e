"""The issuer's sign-in, as a Cognito pool has it: authorization code with PKCE, and refresh tokens.

Whoever asks may be any user of any tenant: it listens on loopback, for a platform without secrets.
"""

from __future__ import annotations

import hmac
import html
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

_PAGE: Final = Path(__file__).with_name("sign_in.html")
_CODE_SECONDS: Final = 60
_LOOPBACK: Final = ("localhost", "127.0.0.1")

type Form = Mapping[str, str]
type Body = dict[str, Any]


class Refused(Exception):  # noqa: N818 - the tree reads as nouns
    """What OAuth calls an error; its text is one of its codes."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs in."""

    user: str
    tenant: str
    admin: bool


@dataclass(frozen=True, slots=True)
class _Code:
    person: Person
    client: str
    back: str
    challenge: str
    until: float


@dataclass(slots=True)
class SignIn:
    """Codes and refresh tokens that were given; they end with the process."""

    token: Callable[[Person], str]
    seconds: int
    _codes: dict[str, _Code] = field(default_factory=dict)
    _refresh: dict[str, tuple[str, Person]] = field(default_factory=dict)

    def page(self, asked: Form) -> str:
        """The page of the sign-in; raise Refused if it would lead away from this machine."""
        _checked(asked)
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in asked.items()
        )
        return Template(_PAGE.read_text()).substitute(hidden=hidden)

    def entered(self, form: Form) -> str:
        """Where the browser goes once somebody has signed in."""
        _checked(form)
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

    def granted(self, form: Form) -> Body:
        """Tokens for a code or for a refresh token; raise Refused."""
        match form.get("grant_type"):
            case "authorization_code":
                person = self._of_code(form)
                refresh = secrets.token_urlsafe(32)
                self._refresh[refresh] = (form["client_id"], person)
                return {**self._access(person), "refresh_token": refresh}
            case "refresh_token":
                known = self._refresh.get(form.get("refresh_token", ""))
                if known is None or known[0] != form.get("client_id"):
                    raise Refused("invalid_grant")
                return self._access(known[1])
            case _:
                raise Refused("unsupported_grant_type")

    def _access(self, person: Person) -> Body:
        token = self.token(person)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.seconds}

    def _of_code(self, form: Form) -> Person:
        code = self._codes.pop(form.get("code", ""), None)
        proof = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(proof).rstrip(b"=").decode()
        if (
            code is None
            or time.monotonic() > code.until
            or (form.get("client_id"), form.get("redirect_uri")) != (code.client, code.back)
            or not hmac.compare_digest(challenge, code.challenge)
        ):
            raise Refused("invalid_grant")
        return code.person


def _checked(asked: Form) -> None:
    if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
        raise Refused("invalid_request")
    if not asked.get("client_id") or not asked.get("code_challenge"):
        raise Refused("invalid_request")
    if urlsplit(asked.get("redirect_uri", "")).hostname not in _LOOPBACK:
        raise Refused("invalid_request")
