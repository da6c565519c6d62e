"""A bulk action: one verb for many jobs, and its progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from shoal.domain.errors import IllegalMove
from shoal.domain.job_filter import JobFilter

EXAMPLES: Final = 10
"""Refusals that are stored with a reason; all are counted."""


class BulkVerb(StrEnum):
    """The verbs of bulk actions."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    DELETE = "delete"


class BulkStatus(StrEnum):
    """The status of a bulk action."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    ABORTED = "ABORTED"
    FAILED = "FAILED"


class Taken(NamedTuple):
    """A job of the current page, and the generation in which the page found it.

    None in pages that an earlier version of Shoal stored.
    """

    job_id: str
    generation: int | None


class Refusal(NamedTuple):
    """A job to which the verb does not apply, and the reason."""

    job_id: str
    reason: str


class Progress(NamedTuple):
    """Counts of processed jobs: `done` are in the requested state, the others refused the verb."""

    done: int
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAction:
    """A verb for the jobs of a filter, newest first; `cursor` is the start of the next page.

    `taken` are the jobs of the current page. They are stored before the verb is applied, because
    most verbs move a job out of the filter. In a dry run, `done` counts the matching jobs.
    `version` grows with each write. `unknown` has what a later version of the code wrote.
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
    taken: tuple[Taken, ...] | None = None
    done: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    finished_at: float | None = None
    reason: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def ended(self) -> bool:
        """Whether the action has ended."""
        return self.status is not BulkStatus.RUNNING

    def take(self, jobs: tuple[Taken, ...], following: str | None) -> BulkAction:
        """Return the action with a new page; `following` is the start of the next one, if any."""
        return replace(self, taken=jobs, cursor=following, version=self.version + 1)

    def after(self, progress: Progress, now: float) -> BulkAction:
        """Return the action after its current page was processed."""
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
        """Return the action, to stop before its next page; raise IllegalMove if it has ended."""
        if self.ended and self.status is not BulkStatus.ABORTED:
            raise IllegalMove(f"the bulk action is {self.status}")
        return replace(self, aborting=True, version=self.version + 1)

    def aborted(self, now: float) -> BulkAction:
        """Return the aborted action."""
        return _ended(replace(self, version=self.version + 1), BulkStatus.ABORTED, now)

    def broken(self, reason: str, now: float) -> BulkAction:
        """Return the failed action, after its function failed repeatedly."""
        failed = replace(self, reason=reason, version=self.version + 1)
        return _ended(failed, BulkStatus.FAILED, now)


def _ended(action: BulkAction, status: BulkStatus, now: float) -> BulkAction:
    return replace(action, status=status, finished_at=now)
