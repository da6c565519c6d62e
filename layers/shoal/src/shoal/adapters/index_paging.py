"""A page of jobs from one index or from several: some looks along each, all bounded together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from shoal.domain.job import JobStatus

MOST_ENTRIES: Final = 500
"""Of the thousand rows that a request may read; the jobs and their tallies come after them."""


class Look(NamedTuple):
    """Places of jobs that match, newest first, and how many entries were looked at.

    `last` is the place that it looked at last; None if there is nothing further down.
    """

    places: Sequence[str]
    read: int
    last: str | None


type Looking = Callable[[JobStatus | None, str | None, int], Look]
"""Of jobs of a status (of all), below a place (from the newest on), at so many entries at most."""


def sought(
    looking: Looking, statuses: Sequence[JobStatus], *, limit: int, start: str | None
) -> Look:
    """Up to `limit` matches of all these statuses (of any, if none is named), in order.

    It ends where the shortest of the looks ends, for below that it may have missed some.
    """
    share = MOST_ENTRIES // max(1, len(statuses))
    looks = [
        _along(partial(looking, status), limit, start, share) for status in statuses or (None,)
    ]
    read = sum(look.read for look in looks)
    end = max((look.last for look in looks if look.last is not None), default=None)
    seen = {each for look in looks for each in look.places if end is None or each >= end}
    places = sorted(seen, reverse=True)
    return Look(places[:limit], read, places[limit - 1] if len(places) > limit else end)


def _along(
    looking: Callable[[str | None, int], Look], limit: int, start: str | None, most: int
) -> Look:
    """One more match than asked for, so that there is a next page only if it has something.

    Where the first look does not find enough, few match: the second takes all that is left.
    """
    places: list[str] = []
    read, step = 0, limit + 1
    while True:
        look = looking(start, min(step, most - read))
        places += look.places
        read += look.read
        if look.last is None or len(places) > limit or read >= most:
            return Look(places, read, look.last)
        start, step = look.last, most
