"""Validation of the start of a page."""

from __future__ import annotations

import re

from shoal.domain.errors import InvalidRequest


def checked_start(start: str | None, place: re.Pattern[str]) -> str | None:
    """Return the place after which a page begins, if any; raise InvalidRequest if it is invalid."""
    if start is not None and place.fullmatch(start) is None:
        raise invalid_page()
    return start


def invalid_page() -> InvalidRequest:
    """Return the error for a page token that Shoal did not create."""
    detail = "this page does not exist"
    return InvalidRequest(detail, [("next_token", detail)])
