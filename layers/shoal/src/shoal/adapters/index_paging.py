"""Merges pages of jobs from one or several index partitions, with a common bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from shoal.domain.job import JobStatus

MOST_ENTRIES: Final = 500
"""Index entries per request, of the thousand rows that a request may read."""


class IndexPage(NamedTuple):
    """Places of matching jobs, newest first, and the number of entries read.

    `last` is the last place that was read; None at the end of the index.
    """

    places: Sequence[str]
    read: int
    last: str | None


type ReadIndex = Callable[[JobStatus | None, str | None, int], IndexPage]
"""Reads jobs of a status (None: all) below a place (None: from the newest), at most `limit`."""


def merged_page(
    read_index: ReadIndex, statuses: Sequence[JobStatus], *, limit: int, start: str | None
) -> IndexPage:
    """Return up to `limit` matches of these statuses (of any, if empty), in order.

    The page ends where the shortest read ended, because below that place matches can be missing.
    """
    share = MOST_ENTRIES // max(1, len(statuses))
    pages = [
        _page_of_index(partial(read_index, status), limit, start, share)
        for status in statuses or (None,)
    ]
    read = sum(page.read for page in pages)
    end = max((page.last for page in pages if page.last is not None), default=None)
    seen = {each for page in pages for each in page.places if end is None or each >= end}
    places = sorted(seen, reverse=True)
    return IndexPage(places[:limit], read, places[limit - 1] if len(places) > limit else end)


def _page_of_index(
    read_index: Callable[[str | None, int], IndexPage], limit: int, start: str | None, most: int
) -> IndexPage:
    """Return one match more than requested, so that a next page is never empty.

    If the first read does not find enough matches, the second one uses all remaining entries.
    """
    places: list[str] = []
    read, step = 0, limit + 1
    while True:
        page = read_index(start, min(step, most - read))
        places += page.places
        read += page.read
        if page.last is None or len(places) > limit or read >= most:
            return IndexPage(places, read, page.last)
        start, step = page.last, most
