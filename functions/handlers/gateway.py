"""Requests and answers in API Gateway's payload format 2.0."""

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
    """The id that API Gateway gave the request."""
    return str(event["requestContext"]["requestId"])


def claims(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims of the token that API Gateway verified; raise NotSignedIn if it saw none."""
    try:
        found: Mapping[str, Any] = event["requestContext"]["authorizer"]["jwt"]["claims"]
    except KeyError:
        if bootstrap.on_sam_local():
            return _unverified(event)
        raise NotSignedIn("no verified token came along") from None
    return found


def _unverified(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the token itself says: SAM's local API leaves authorizers of tokens out."""
    header = event.get("headers", {}).get("authorization", "")
    try:
        payload = header.removeprefix("Bearer ").split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        raise NotSignedIn("no token came along") from None
    if not isinstance(found, dict):
        raise NotSignedIn("no token came along")
    return found


def body(event: Mapping[str, Any]) -> str:
    """The body as text; empty if there is none."""
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text)
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise MalformedBody("the body is not UTF-8") from error


def read(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its body as text; raise UnsupportedBody unless that is JSON by its type."""
    text = body(event)
    kind = event.get("headers", {}).get("content-type", _JSON)
    if text and not _IS_JSON.match(kind):
        raise UnsupportedBody("the body must be application/json")
    return {**event, "body": text, "isBase64Encoded": False}


def payload(answer: GatewayResponse, identity: str) -> dict[str, Any]:
    """The answer as API Gateway wants it, with the request's id."""
    return {
        "statusCode": answer.status,
        "headers": {**answer.headers, REQUEST_ID: identity},
        "body": answer.body,
        "isBase64Encoded": False,
    }
