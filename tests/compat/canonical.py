"""Canonical forms of rows, objects and answers, independent of how the code serialized them.

A DynamoDB attribute that holds JSON text becomes `{"json": …}`, one that holds compressed text
becomes `{"zlib": …}`, and other bytes become `{"B": base64}`. Objects are converted in the same
way, and may also be `{"gzip": …}`. `attributes` restores a recorded row, so that a test can put it
into a table. The dates and signatures of presigned URLs are replaced.
"""

import base64
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

type Json = Any

_COLUMNS: Final = 100
_ANY_FORMAT: Final = zlib.MAX_WBITS | 32
_GZIP: Final = b"\x1f\x8b"
_PRESIGNED: Final = [
    (re.compile(r"X-Amz-Date=\d{8}T\d{6}Z"), "X-Amz-Date=DATE"),
    (re.compile(r"(X-Amz-Credential=[^%&\"]+%2F)\d{8}%2F"), r"\1DATE%2F"),
    (re.compile(r"X-Amz-Signature=[0-9a-f]{64}"), "X-Amz-Signature=SIGNATURE"),
    (re.compile(r"X-Amz-Security-Token=[^&\"]+&"), ""),
]


def text(value: Json) -> str:
    """Serializes a value for a fixture: sorted keys, and short values on one line."""
    return "".join(_lines(value, 0)) + "\n"


def _lines(value: Json, depth: int) -> Iterator[str]:
    short = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or len(short) + depth <= _COLUMNS:
        yield short
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    items = sorted(value.items()) if isinstance(value, dict) else [(None, item) for item in value]
    for place, (name, item) in enumerate(items):
        yield ("," if place else opening) + "\n" + " " * (depth + 1)
        yield "" if name is None else json.dumps(name, ensure_ascii=False) + ": "
        yield from _lines(item, depth + 1)
    yield "\n" + " " * depth + closing


def unsigned(value: Json) -> Json:
    """Replaces the dates and signatures of presigned URLs in a value."""
    written = json.dumps(value)
    for pattern, replacement in _PRESIGNED:
        written = pattern.sub(replacement, written)
    return json.loads(written)


def row(attributes: Mapping[str, Json]) -> dict[str, Json]:
    """Converts a row from DynamoDB attribute values to its canonical form."""
    return {name: _recorded(value) for name, value in attributes.items()}


def attributes(recorded: Mapping[str, Json]) -> dict[str, Json]:
    """Converts a canonical row back to DynamoDB attribute values."""
    return {name: _attribute(value) for name, value in recorded.items()}


def body(content: bytes) -> Json:
    """Converts the content of an object or an answer to its canonical form."""
    try:
        written = content.decode()
    except UnicodeDecodeError:
        return _compressed(content) or {"base64": base64.b64encode(content).decode()}
    found = _document(written)
    return {"text": written} if found is None else {"json": found}


def content(recorded: Mapping[str, Json]) -> bytes:
    """Converts a canonical content back to bytes."""
    if "json" in recorded:
        return json.dumps(recorded["json"], separators=(",", ":")).encode()
    if "gzip" in recorded:
        return gzip.compress(_text_of(recorded["gzip"]).encode(), mtime=0)
    if "base64" in recorded:
        return base64.b64decode(recorded["base64"])
    return str(recorded["text"]).encode()


def _recorded(value: Mapping[str, Json]) -> Json:
    ((kind, held),) = value.items()
    if kind == "S":
        found = _document(held)
        return value if found is None else {"json": found}
    if kind == "B":
        return _compressed(bytes(held)) or {"B": base64.b64encode(bytes(held)).decode()}
    if kind == "SS":
        return {"SS": sorted(held)}
    if kind == "L":
        return {"L": [_recorded(each) for each in held]}
    return value


def _attribute(value: Mapping[str, Json]) -> Json:
    ((kind, held),) = value.items()
    if kind == "json":
        return {"S": json.dumps(held, separators=(",", ":"))}
    if kind == "zlib":
        return {"B": zlib.compress(_text_of(held).encode())}
    if kind == "B":
        return {"B": base64.b64decode(held)}
    if kind == "L":
        return {"L": [_attribute(each) for each in held]}
    return value


def _document(written: str) -> Json:
    """Parses a JSON object or list; returns None for any other text."""
    if not written.startswith(("{", "[")):
        return None
    try:
        return json.loads(written)
    except ValueError:
        return None


def _compressed(held: bytes) -> Json:
    try:
        written = zlib.decompress(held, wbits=_ANY_FORMAT).decode()
    except (zlib.error, UnicodeDecodeError):
        return None
    found = _document(written)
    kind = "gzip" if held.startswith(_GZIP) else "zlib"
    return {kind: {"text": written} if found is None else {"json": found}}


def _text_of(held: Mapping[str, Json]) -> str:
    return content(held).decode()
