"""Decides which requests the emulator serves. It wraps the emulator's ASGI application.

- The `Host` must be the address of the emulator, and an `Origin` must be one of the console.
- A request must have a valid signature of a key that the emulator knows, in its header or its URL.
  The deployed APIs authenticate their callers, so requests to them may be unsigned. The health
  check and the records of the twin (`/_shoal/…`) are readable without a signature.
- Only the root key may use the emulator's own administration (`/_ministack/…`).

The emulator itself accepts each origin and host, requests without a key, the keys `test` and twelve
digits, and any signature of its root key.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from ministack.core import iam_evaluator, sigv4
from ministack.core.router import extract_access_key_id

from local.emulator import ACCOUNT
from local.loopback import CONTAINER_HOST, Callers, hosts

type Scope = MutableMapping[str, Any]
type App = Callable[[Scope, Any, Any], Awaitable[None]]
type Query = Mapping[str, list[str]]

_HEALTH: Final = "/_ministack/health"
_RECORDS: Final = "/_shoal/"
_API: Final = re.compile("/api/|/_aws/execute-api/[^/]+/(?!.*/@connections/)")
_SIGNED: Final = "AWS4-HMAC-SHA256 "
_CLAIMS: Final = frozenset(("x-amz-credential", "x-amz-signature", "awsaccesskeyid"))
_HASH_LENGTH: Final = 64
_REBUILT: Final = b"access-control-allow-origin"


class RequestRefused(Exception):  # noqa: N818 - an answer, not a fault
    """The request is refused. The message is the reason."""


class AdmissionFilter:
    """The ASGI application around the emulator's."""

    def __init__(self, app: App, port: int, origins: Sequence[str], root: str) -> None:
        self._app = app
        self._callers = Callers.of(port, origins)
        self._container_hosts = frozenset(hosts(port, (CONTAINER_HOST,)))
        self._root = root

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serves a request, or answers 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        try:
            receive = await self._admitted(scope, headers, receive)
        except RequestRefused as refusal:
            await _refuse(scope, send, str(refusal))
            return
        await self._app(scope, receive, _with_origin(send, headers.get("origin")))

    async def _admitted(self, scope: Scope, headers: Mapping[str, str], receive: Any) -> Any:
        """Returns the channel of the request's body. Raises RequestRefused."""
        query = parse_qs(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True)
        in_header = headers.get("authorization", "").startswith("AWS")
        in_query = any(name.lower() in _CLAIMS for name in query)
        host = headers.get("host")
        from_container = host in self._container_hosts and (in_header or in_query)
        if "origin" in headers or not from_container:
            refusal = self._callers.refusal(host, headers.get("origin"))
            if refusal:
                raise RequestRefused(refusal)
        if scope.get("method") == "OPTIONS":  # a preflight request
            return receive
        if in_header and in_query:
            raise RequestRefused("the request has two signatures")
        if in_header:
            body, receive = await _read(receive) if scope["type"] == "http" else (b"", receive)
            self._verify(scope, headers, query, body, presigned=False)
        elif in_query:
            self._verify(scope, headers, query, b"", presigned=True)
        elif not _open(scope):
            raise RequestRefused("the request has no signature")
        return receive

    def _verify(
        self,
        scope: Scope,
        headers: Mapping[str, str],
        query: Query,
        body: bytes,
        *,
        presigned: bool,
    ) -> None:
        """Raises RequestRefused unless the signature is that of a known key."""
        signature = (
            sigv4.parse_query_signature(query)
            if presigned
            else sigv4.parse_header_signature(headers)
        )
        if isinstance(signature, tuple):
            raise RequestRefused(signature[1])
        key = signature.access_key_id
        if (
            signature.region_set is not None
            or "host" not in signature.signed_headers.split(";")
            or not (presigned or headers["authorization"].startswith(_SIGNED))
            or key != extract_access_key_id(headers, query)  # the key whose policies will apply
        ):
            raise RequestRefused(
                "the signature must be a single one of AWS4-HMAC-SHA256 over the host"
            )
        if scope["path"].startswith("/_ministack/") and key != self._root:
            raise RequestRefused("only the root key may use the administration of the emulator")
        if not (presigned and signature.service == "s3"):  # S3 checks the expiry of its URLs
            _check_time_and_body(signature, headers, body)
        token = (
            query.get("X-Amz-Security-Token", [""])[0]
            if presigned
            else headers.get("x-amz-security-token", "")
        )
        secret = self._secret(key, token)
        failure = sigv4.header_signature_failure(
            signature,
            secret,
            scope.get("method", "GET"),
            scope["raw_path"].decode("latin-1"),
            query,
            headers,
            body,
            presigned=presigned,
        )
        if failure:
            raise RequestRefused(failure[1])

    def _secret(self, key: str, token: str) -> str:
        if key != self._root and iam_evaluator.is_root_access_key(key):
            raise RequestRefused("the access key is unknown")
        found = iam_evaluator.resolve_credential(key, ACCOUNT, token)
        if isinstance(found, iam_evaluator.CredentialResolutionError):
            raise RequestRefused(found.message)
        return str(found.secret_access_key)


def _open(scope: Scope) -> bool:
    """Whether the path needs no signature."""
    path: str = scope["path"]
    served = scope["type"] == "websocket" or path == _HEALTH or path.startswith(_RECORDS)
    return served or _API.match(path) is not None


def _check_time_and_body(signature: Any, headers: Mapping[str, str], body: bytes) -> None:
    skewed = sigv4.request_time_failure(signature)
    if skewed:
        raise RequestRefused(skewed[1])
    stated = headers.get("x-amz-content-sha256", "")
    if len(stated) == _HASH_LENGTH and not hmac.compare_digest(
        stated, hashlib.sha256(body).hexdigest()
    ):
        raise RequestRefused("the signature covers another body")


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name, text = raw.decode("latin-1").lower(), sigv4.decode_header_value(value)
        headers[name] = f"{headers[name]},{text}" if name in headers else text
    return headers


async def _read(receive: Any) -> tuple[bytes, Any]:
    """Returns the body, and a channel that delivers it again."""
    messages, parts = [], []
    while True:
        message = await receive()
        messages.append(message)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    messages.reverse()

    async def again() -> Any:
        return messages.pop() if messages else await receive()

    return b"".join(parts), again


def _with_origin(send: Any, origin: str | None) -> Any:
    """Names the origin in place of `*`. Without an origin, no page reads the response."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message.get("headers", ())
                if name.lower() != _REBUILT or value != b"*"
            ]
            if origin is not None and len(kept) != len(message.get("headers", ())):
                kept.append((_REBUILT, origin.encode("latin-1")))
            message = {**message, "headers": kept}
        await send(message)

    return sending


async def _refuse(scope: Scope, send: Any, reason: str) -> None:
    """Responds with 403. A WebSocket that is not accepted gets it from the server."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
