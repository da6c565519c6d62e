"""One verb for many jobs: what is asked, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from shoal.domain.errors import IllegalMove
from shoal.domain.job_filter import JobFilter

EXAMPLES: Final = 10
"""Refusals that are kept by name; all are counted."""


class BulkVerb(StrEnum):
    """What may be done to many jobs at once."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    DELETE = "delete"


class BulkStatus(StrEnum):
    """Where a bulk action stands."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    ABORTED = "ABORTED"
    FAILED = "FAILED"


class Refusal(NamedTuple):
    """A job that the verb does not fit as it is, and why."""

    job_id: str
    reason: str


class Progress(NamedTuple):
    """What came of some jobs: `done` had the verb, be it long before; the others refused it."""

    done: int
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAction:
    """A verb for the jobs of a filter, newest first; `cursor` is where the next of them begin.

    `taken` are the jobs in hand, before the cursor: named before anything is done to them, for most
    verbs move a job out of the filter. Of a dry run `done` counts the jobs that there are.
    `version` grows with each write.
    """

    id: str
    tenant: str
    by: str
    verb: BulkVerb
    which: JobFilter
    dry_run: bool
    fingerprint: str
    created_at: float
    expires_at: int
    status: BulkStatus = BulkStatus.RUNNING
    aborting: bool = False
    cursor: str | None = None
    taken: tuple[str, ...] | None = None
    done: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    finished_at: float | None = None
    reason: str | None = None
    version: int = 1

    @property
    def ended(self) -> bool:
        """Whether it goes no further."""
        return self.status is not BulkStatus.RUNNING

    def take(self, job_ids: tuple[str, ...], following: str | None) -> BulkAction:
        """With a page of jobs in hand; `following` is where the next begins, if there is one."""
        return replace(self, taken=job_ids, cursor=following, version=self.version + 1)

    def after(self, progress: Progress, now: float) -> BulkAction:
        """With the jobs in hand behind it."""
        counted = replace(
            self,
            taken=None,
            done=self.done + progress.done,
            refused=self.refused + len(progress.refusals),
            refusals=(*self.refusals, *progress.refusals)[:EXAMPLES],
            version=self.version + 1,
        )
        return counted if self.cursor is not None else _ended(counted, BulkStatus.COMPLETED, now)

    def abort(self) -> BulkAction:
        """To stop before its next page; raise IllegalMove if it has ended otherwise."""
        if self.ended and self.status is not BulkStatus.ABORTED:
            raise IllegalMove(f"the bulk action is {self.status}")
        return replace(self, aborting=True, version=self.version + 1)

    def aborted(self, now: float) -> BulkAction:
        """Stopped where it is."""
        return _ended(replace(self, version=self.version + 1), BulkStatus.ABORTED, now)

    def broken(self, reason: str, now: float) -> BulkAction:
        """Given up: what runs it failed again and again."""
        failed = replace(self, reason=reason, version=self.version + 1)
        return _ended(failed, BulkStatus.FAILED, now)


def _ended(action: BulkAction, status: BulkStatus, now: float) -> BulkAction:
    return replace(action, status=status, finished_at=now)
