"""Where a list goes on, as an opaque token that fits only the query that it came from."""

import base64
import json
import re
from collections.abc import Sequence
from typing import Final

from shoal.domain.errors import InvalidRequest

_KEY: Final = re.compile(r"[\x21-\x7e]{1,1024}")
"""What may be a key of a table: ours are of printable ASCII, and longer ones have no row."""

type Query = Sequence[str | int]


def next_page_token(start: str | int | None, query: Query) -> str | None:
    """The token of a next page that begins at `start`, or None if there is none."""
    if start is None:
        return None
    text = json.dumps([start, *query], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def text_start(given: str | None, query: Query) -> str | None:
    """Where the page of a token begins; None without a token. Raises InvalidRequest."""
    if given is None:
        return None
    start = _start(given, query)
    if not (isinstance(start, str) and _KEY.fullmatch(start)):
        raise _wrong_query()
    return start


def index_start(given: str | None, query: Query) -> int:
    """The index at which the page of a token begins; 0 without a token. Raises InvalidRequest."""
    if given is None:
        return 0
    start = _start(given, query)
    if type(start) is not int or start < 0:
        raise _wrong_query()
    return start


def _start(given: str, query: Query) -> object:
    try:
        padded = given + "=" * (-len(given) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise _wrong_query() from None
    if not isinstance(found, list) or not found or found[1:] != [*query]:
        raise _wrong_query()
    return found[0]


def _wrong_query() -> InvalidRequest:
    detail = "is not of this query; begin again without it"
    return InvalidRequest(f"next_token {detail}", [("next_token", detail)])
