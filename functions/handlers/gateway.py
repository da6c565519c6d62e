"""Reads and writes API Gateway's payload format 2.0."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from handlers.problems import GatewayResponse, MalformedBody, UnsupportedBody
from shoal import bootstrap
from shoal.domain.errors import NotSignedIn

REQUEST_ID: Final = "x-request-id"
_JSON: Final = "application/json"
_IS_JSON: Final = re.compile(r"application/(\S+\+)?json\b", re.ASCII | re.IGNORECASE)


def request_id(event: Mapping[str, Any]) -> str:
    """Return the id that API Gateway assigned to the request."""
    return str(event["requestContext"]["requestId"])


def claims(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the claims of the token that API Gateway verified; raise NotSignedIn without one."""
    try:
        found: Mapping[str, Any] = event["requestContext"]["authorizer"]["jwt"]["claims"]
    except KeyError:
        if bootstrap.on_sam_local():
            return _unverified(event)
        raise NotSignedIn("the request has no verified token") from None
    return found


def _unverified(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the claims of the token itself, because `sam local` does not verify tokens."""
    header = event.get("headers", {}).get("authorization", "")
    try:
        payload = header.removeprefix("Bearer ").split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        raise NotSignedIn("the request has no token") from None
    if not isinstance(found, dict):
        raise NotSignedIn("the request has no token")
    return found


def body(event: Mapping[str, Any]) -> str:
    """Return the body as text; empty without a body."""
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text)
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise MalformedBody("the body is not valid UTF-8") from error


def read(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event with its body as text; raise UnsupportedBody if the type is not JSON."""
    text = body(event)
    kind = event.get("headers", {}).get("content-type", _JSON)
    if text and not _IS_JSON.match(kind):
        raise UnsupportedBody("the content type must be application/json")
    return {**event, "body": text, "isBase64Encoded": False}


def payload(answer: GatewayResponse, identity: str) -> dict[str, Any]:
    """Return the response in the format of API Gateway, with the request id."""
    return {
        "statusCode": answer.status,
        "headers": {**answer.headers, REQUEST_ID: identity},
        "body": answer.body,
        "isBase64Encoded": False,
    }
