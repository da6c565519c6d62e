"""A page of jobs from one index or from several: some looks along each, all bounded together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from shoal.domain.job import JobStatus

MOST_ENTRIES: Final = 500
"""Of the thousand rows that a request may read; the jobs and their tallies come after them."""


class IndexPage(NamedTuple):
    """Places of jobs that match, newest first, and how many entries were looked at.

    `last` is the place that it looked at last; None if there is nothing further down.
    """

    places: Sequence[str]
    read: int
    last: str | None


type ReadIndex = Callable[[JobStatus | None, str | None, int], IndexPage]
"""Of jobs of a status (of all), below a place (from the newest on), at so many entries at most."""


def merged_page(
    read_index: ReadIndex, statuses: Sequence[JobStatus], *, limit: int, start: str | None
) -> IndexPage:
    """Up to `limit` matches of all these statuses (of any, if none is named), in order.

    It ends where the shortest of the looks ends, for below that it may have missed some.
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
    """One more match than asked for, so that there is a next page only if it has something.

    Where the first look does not find enough, few match: the second takes all that is left.
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
