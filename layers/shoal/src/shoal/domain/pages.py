"""Where a page of a list may begin."""

from __future__ import annotations

import re

from shoal.domain.errors import InvalidRequest


def checked_start(start: str | None, place: re.Pattern[str]) -> str | None:
    """What a page begins behind, if anything; raise InvalidRequest if it is no such place."""
    if start is not None and place.fullmatch(start) is None:
        raise invalid_page()
    return start


def invalid_page() -> InvalidRequest:
    """Nothing begins there: a token that fits the query was not made by us."""
    detail = "this page does not exist"
    return InvalidRequest(detail, [("next_token", detail)])
