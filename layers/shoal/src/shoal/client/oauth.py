"""OAuth 2.0, as flows: discovery, token requests, and sign-in by authorization code with PKCE."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from shoal.client.effects import Flow, HttpRequest, HttpResponse
from shoal.client.errors import ApiError, SignInFailed
from shoal.client.retries import send

DEFAULT_SCOPES: Final = ("openid", "shoal/jobs:read", "shoal/jobs:write")


def discover(issuer: str) -> Flow[Mapping[str, Any]]:
    """Return the issuer's metadata (OpenID Connect Discovery)."""
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    response = yield from send(HttpRequest("GET", url))
    metadata: Mapping[str, Any] = response.json
    return metadata


def request_tokens(issuer: str, form: Mapping[str, str]) -> Flow[Mapping[str, Any]]:
    """Request tokens from the issuer; raise SignInFailed if it rejects the request."""
    metadata = yield from discover(issuer)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    content = urlencode(form).encode()
    request = HttpRequest("POST", metadata["token_endpoint"], headers=headers, content=content)
    try:
        response: HttpResponse = yield from send(request)
    except ApiError as error:
        raise SignInFailed(
            f"{issuer} rejected the token request with status {error.status}"
        ) from error
    tokens: Mapping[str, Any] = response.json
    return tokens


@dataclass(frozen=True, slots=True)
class AuthorizationCodeSignIn:
    """One sign-in by authorization code with PKCE (RFC 7636). State and verifier are used once."""

    issuer: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    def authorization_url(self) -> Flow[str]:
        """Return the URL to open in the user's browser."""
        metadata = yield from discover(self.issuer)
        digest = sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": self.state,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        endpoint = str(metadata["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def has_state_of(self, callback: Mapping[str, str]) -> bool:
        """Return whether the callback is for this sign-in: any process can call the local port."""
        return secrets.compare_digest(callback.get("state", "").encode(), self.state.encode())

    def tokens(self, callback: Mapping[str, str]) -> Flow[Mapping[str, Any]]:
        """Exchange the callback's code for tokens; raise SignInFailed if it carries none."""
        if "code" not in callback:
            reason = callback.get("error_description") or callback.get("error") or "no code"
            raise SignInFailed(f"{self.issuer} rejected the sign-in: {reason}")
        return (
            yield from request_tokens(
                self.issuer,
                {
                    "grant_type": "authorization_code",
                    "code": callback["code"],
                    "redirect_uri": self.redirect_uri,
                    "client_id": self.client_id,
                    "code_verifier": self.verifier,
                },
            )
        )
