"""Creates and reads page tokens: opaque, and valid only for the query that returned them."""

import base64
import json
import re
from collections.abc import Sequence
from typing import Final

from shoal.domain.errors import InvalidRequest

_KEY: Final = re.compile(r"[\x21-\x7e]{1,1024}")
"""A key of a table: printable ASCII of limited length."""

type Query = Sequence[str | int]


def next_page_token(start: str | int | None, query: Query) -> str | None:
    """Return the token of the next page, which starts at `start`; None at the end."""
    if start is None:
        return None
    text = json.dumps([start, *query], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def text_start(token: str | None, query: Query) -> str | None:
    """Return the start key of a token; None without a token. Raises InvalidRequest."""
    if token is None:
        return None
    start = _start(token, query)
    if not (isinstance(start, str) and _KEY.fullmatch(start)):
        raise _wrong_query()
    return start


def index_start(token: str | None, query: Query) -> int:
    """Return the start index of a token; 0 without a token. Raises InvalidRequest."""
    if token is None:
        return 0
    start = _start(token, query)
    if type(start) is not int or start < 0:
        raise _wrong_query()
    return start


def _start(token: str, query: Query) -> object:
    try:
        padded = token + "=" * (-len(token) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise _wrong_query() from None
    if not isinstance(found, list) or not found or found[1:] != [*query]:
        raise _wrong_query()
    return found[0]


def _wrong_query() -> InvalidRequest:
    detail = "does not belong to this query; start again without it"
    return InvalidRequest(f"next_token {detail}", [("next_token", detail)])
