"""A loopback OIDC issuer. It signs tokens like a Cognito user pool, and has a sign-in page."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit
from uuid import NAMESPACE_URL, uuid5

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.loopback import Callers, LoopbackHandler, origins
from local.sign_in import OAuthError, Person, SignIn

AUDIENCE: Final = "shoal"
CONSOLE_PORT: Final = 3000
CLI_CALLBACK: Final = "http://localhost:8765/callback"
KEY_ID: Final = "twin"
USER: Final = "you"
TENANT: Final = "default"
SCOPES: Final = ("jobs:read", "jobs:write", "admin")
SIGN_IN_SECONDS: Final = 3_600
_MAX_FORM: Final = 10_000


class Issuer:
    """Serves discovery, keys and sign-in on its own port. Use it as a context manager.

    Only the console on `console_port` and the CLI can sign users in.
    """

    def __init__(
        self,
        home: Path,
        port: int,
        *,
        console_port: int = CONSOLE_PORT,
        seconds: int = SIGN_IN_SECONDS,
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._key = _key(home / "issuer.pem")
        consoles = frozenset(origins(console_port))
        self.sign_in = SignIn(
            lambda person: self._signed_in(person, seconds),
            seconds,
            AUDIENCE,
            frozenset((*consoles, CLI_CALLBACK)),
            consoles,
        )
        members = {
            "sign_in": self.sign_in,
            "documents": self._documents(),
            "consoles": consoles,
            "callers": Callers.of(port, (*consoles, *origins(port))),
        }
        handler = type("Handler", (_IssuerHandler,), members)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
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
        """Returns an access token of a user of one tenant. `claims` override its claims."""
        groups = [f"tenant:{tenant}", *(["admins"] if admin else [])]
        subject = {
            "sub": str(uuid5(NAMESPACE_URL, f"{self.url}/{user}")),
            "username": user,
            "cognito:groups": groups,
            "client_id": AUDIENCE,
        }
        return self._signed(subject, scopes, seconds, claims)

    def machine_token(
        self, client: str, *, scopes: Iterable[str] = SCOPES[:2], seconds: int = 3_600
    ) -> str:
        """Returns an access token of the client credentials grant."""
        return self._signed({"sub": client, "client_id": client}, scopes, seconds, {})

    def _signed(
        self,
        subject: Mapping[str, Any],
        scopes: Iterable[str],
        seconds: int,
        claims: Mapping[str, Any],
    ) -> str:
        now = int(time.time())
        payload = {
            "iss": self.url,
            "aud": AUDIENCE,
            "token_use": "access",
            "scope": " ".join(f"shoal/{each}" for each in scopes),
            "iat": now,
            "exp": now + seconds,
            **subject,
            **claims,
        }
        return jwt.encode(payload, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def _signed_in(self, person: Person, seconds: int) -> str:
        return self.token(
            user=person.user, tenant=person.tenant, admin=person.admin, seconds=seconds
        )

    def _documents(self) -> Mapping[str, Any]:
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks.json",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "revocation_endpoint": f"{self.url}/revoke",
                "end_session_endpoint": f"{self.url}/logout",
                "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": ["RS256"],
            },
            "/jwks.json": {"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]},
        }


class _IssuerHandler(LoopbackHandler):
    sign_in: SignIn
    documents: Mapping[str, Any]
    consoles: Collection[str]

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        if url.path == "/logout":
            self._or_oauth_error(lambda: self._redirect(self.sign_in.sign_out(query)))
        elif url.path == "/authorize":
            self._or_oauth_error(lambda: self._page(self.sign_in.page(query)))
        else:
            found = self.documents.get(url.path)
            self._json(200 if found else 404, found or {})

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
        size = min(int(self.headers.get("Content-Length") or 0), _MAX_FORM)
        form = dict(parse_qsl(self.rfile.read(size).decode()))
        if self.path == "/authorize":
            self._or_oauth_error(lambda: self._redirect(self.sign_in.authorize(form)))
        elif self.path == "/token":
            self._or_oauth_error(lambda: self._json(200, self.sign_in.exchange(form)))
        elif self.path == "/revoke":
            self._or_oauth_error(lambda: self._json(200, self.sign_in.revoke(form)))
        else:
            self._json(404, {})

    def _or_oauth_error(self, respond: Callable[[], None]) -> None:
        try:
            respond()
        except OAuthError as error:
            self._json(400, {"error": str(error)})

    def _page(self, page: str) -> None:
        self._respond(200, "text/html; charset=utf-8", page.encode())

    def _json(self, status: int, body: Any) -> None:
        self._respond(status, "application/json", json.dumps(body).encode())

    def _redirect(self, location: str) -> None:
        self.send_response(303)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _respond(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Vary", "Origin")
        origin = self.headers.get("Origin")
        if origin is not None and origin in self.consoles:
            self.send_header("Access-Control-Allow-Origin", origin)
        self.end_headers()
        self.wfile.write(body)


def _key(path: Path) -> rsa.RSAPrivateKey:
    """Returns the signing key of the twin. It is stored, so tokens stay valid after a restart."""
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
