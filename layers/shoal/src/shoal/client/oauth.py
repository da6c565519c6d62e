"""How a person signs in: authorization code with PKCE (RFC 7636), without I/O."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from shoal.client.effects import Flow
from shoal.client.errors import SignInFailed
from shoal.client.tokens import endpoints, granted

SCOPES: Final = ("openid", "shoal/jobs:read", "shoal/jobs:write")


@dataclass(frozen=True, slots=True)
class SigningIn:
    """One attempt. Its state and its verifier are its own and are never used again."""

    issuer: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...] = SCOPES
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    def address(self) -> Flow[str]:
        """Where the person's browser has to go."""
        known = yield from endpoints(self.issuer)
        digest = sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": self.state,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        address = str(known["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    def is_answered_by(self, said: Mapping[str, str]) -> bool:
        """Whether this came back for this attempt; anybody can call a port of loopback."""
        return secrets.compare_digest(said.get("state", "").encode(), self.state.encode())

    def given(self, said: Mapping[str, str]) -> Flow[Mapping[str, Any]]:
        """The tokens for what the browser came back with; raise SignInFailed if it was refused."""
        if "code" not in said:
            why = said.get("error_description") or said.get("error") or "no code"
            raise SignInFailed(f"{self.issuer} did not sign you in: {why}")
        return (
            yield from granted(
                self.issuer,
                {
                    "grant_type": "authorization_code",
                    "code": said["code"],
                    "redirect_uri": self.redirect_uri,
                    "client_id": self.client_id,
                    "code_verifier": self.verifier,
                },
            )
        )
