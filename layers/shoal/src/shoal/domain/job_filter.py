"""Filters of job lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shoal.domain.job import Job, JobStatus
from shoal.domain.page_key import FIRST, LAST, bound, place


class Tag(NamedTuple):
    """A tag; without a value, it matches any value."""

    key: str
    value: str | None = None

    @staticmethod
    def of(text: str) -> Tag:
        """Parse `key=value`, or a key alone."""
        key, equals, value = text.partition("=")
        return Tag(key, value if equals else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """A job must match all given fields; `name` is a prefix.

    `since` is the inclusive start of the creation time, `until` the exclusive end.
    """

    statuses: frozenset[JobStatus] = frozenset()
    since: float | None = None
    until: float | None = None
    task_type: str | None = None
    name: str = ""
    tag: Tag | None = None

    @staticmethod
    def of(
        *,
        statuses: Iterable[JobStatus],
        since: datetime | None,
        until: datetime | None,
        task_type: str | None,
        name: str,
        tag: str | None,
    ) -> JobFilter:
        """The tag as text."""
        return JobFilter(
            statuses=frozenset(statuses),
            since=None if since is None else since.timestamp(),
            until=None if until is None else until.timestamp(),
            task_type=task_type,
            name=name,
            tag=None if tag is None else Tag.of(tag),
        )

    @property
    def backwards(self) -> bool:
        """Whether the time range is empty."""
        return self.since is not None and self.until is not None and self.since >= self.until

    def admits(self, job: Job) -> bool:
        """Return whether the job matches."""
        return (
            job.deleted_at is None
            and (not self.statuses or job.status in self.statuses)
            and self.first <= place(job) < self.end
            and self.task_type in {None, job.spec.task_type}
            and job.spec.name.startswith(self.name)
            and (self.tag is None or _has(job, self.tag))
        )

    @property
    def first(self) -> str:
        """The exclusive lower bound of the places of matching jobs."""
        return FIRST if self.since is None else bound(self.since)

    @property
    def end(self) -> str:
        """The exclusive upper bound of the places of matching jobs."""
        return LAST if self.until is None else bound(self.until)


def _has(job: Job, tag: Tag) -> bool:
    tags = job.spec.tags
    return tag.key in tags and tag.value in {None, tags[tag.key]}
