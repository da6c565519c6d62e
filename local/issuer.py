"""A loopback OIDC issuer: signs tokens as a Cognito pool would, and shows its keys to the API."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self
from uuid import NAMESPACE_URL, uuid5

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

AUDIENCE: Final = "shoal"
KEY_ID: Final = "twin"
USER: Final = "you"
TENANT: Final = "default"
SCOPES: Final = ("jobs:read", "jobs:write", "admin")


class Issuer:
    """Serves discovery and keys on a port of its own. To be used as a context."""

    def __init__(self, home: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._key = _key(home / "issuer.pem")
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(
        self,
        *,
        user: str = USER,
        tenant: str = TENANT,
        admin: bool = True,
        scopes: Iterable[str] = SCOPES,
        seconds: int = 86_400,
        **claims: Any,
    ) -> str:
        """An access token of a user of one tenant; `claims` take the place of what it says."""
        groups = [f"tenant:{tenant}", *(["admins"] if admin else [])]
        said = {
            "sub": str(uuid5(NAMESPACE_URL, f"{self.url}/{user}")),
            "username": user,
            "cognito:groups": groups,
            "client_id": AUDIENCE,
        }
        return self._signed(said, scopes, seconds, claims)

    def machine_token(
        self, client: str, *, scopes: Iterable[str] = SCOPES[:2], seconds: int = 3_600
    ) -> str:
        """An access token that a client got for itself."""
        return self._signed({"sub": client, "client_id": client}, scopes, seconds, {})

    def _signed(
        self, who: Mapping[str, Any], scopes: Iterable[str], seconds: int, claims: Mapping[str, Any]
    ) -> str:
        now = int(time.time())
        payload = {
            "iss": self.url,
            "aud": AUDIENCE,
            "token_use": "access",
            "scope": " ".join(f"shoal/{each}" for each in scopes),
            "iat": now,
            "exp": now + seconds,
            **who,
            **claims,
        }
        return jwt.encode(payload, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        documents: dict[str, Any] = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks.json",
                "id_token_signing_alg_values_supported": ["RS256"],
            },
            "/jwks.json": {"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]},
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = documents.get(self.path)
                body = json.dumps(found or {}).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def _key(path: Path) -> rsa.RSAPrivateKey:
    """The twin's key; kept, so that tokens outlive a restart."""
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if isinstance(key, rsa.RSAPrivateKey):
            return key
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(
        made.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made
