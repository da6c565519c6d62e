"""Bodies of bulk actions."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shoal.domain.bulk import BulkStatus, BulkVerb
from shoal.domain.job import JobStatus
from shoal.domain.job_filter import JobFilter
from shoal.wire.bodies import ResponseBody
from shoal.wire.fields import Instant, Name, TagSought, Time
from shoal.wire.worker import TypeName


class _BulkBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BulkFilter(_BulkBody):
    """The filter of a bulk action, as in the list of jobs; at least one field is required.

    Jobs match if created at or after `since` and before `until`. `name` is a prefix; `tag` is
    `key=value` or a key alone.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    status: Annotated[Sequence[JobStatus], Field(max_length=len(JobStatus))] = ()
    since: Instant | None = None
    until: Instant | None = None
    type: TypeName | None = None
    name: Name = ""
    tag: TagSought | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.which() == JobFilter():
            raise ValueError("must have at least one field; to select all jobs, list every status")
        if self.which().backwards:
            raise ValueError("until must be later than since")
        return self

    def which(self) -> JobFilter:
        """Convert to the domain's filter."""
        return JobFilter.of(
            statuses=self.status,
            since=self.since,
            until=self.until,
            task_type=self.type,
            name=self.name,
            tag=self.tag,
        )


class BulkRequest(_BulkBody):
    """A verb for many jobs; a dry run only counts them."""

    action: BulkVerb
    filter: BulkFilter
    dry_run: bool = False


class RefusalBody(ResponseBody):
    """A job to which the verb did not apply, and the reason."""

    job_id: str
    reason: str


class BulkActionBody(ResponseBody):
    """The progress of a bulk action: `done` and `refused` count jobs, `refusals` lists some.

    In a dry run, `done` counts the matching jobs.
    """

    id: str
    action: BulkVerb
    filter: Mapping[str, str | Sequence[str]]
    dry_run: bool
    status: BulkStatus
    aborting: bool
    by: str
    done: int
    refused: int
    refusals: Sequence[RefusalBody]
    created_at: Time
    finished_at: Time | None
    reason: str | None
    links: Mapping[str, str]


class BulkActionPageBody(ResponseBody):
    """A page of bulk actions, newest first."""

    items: Sequence[BulkActionBody]
    next_token: str | None
