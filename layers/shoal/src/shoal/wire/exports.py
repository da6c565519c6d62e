"""Exports of results, as users read them."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shoal.wire.fields import Time


class ExportStatus(StrEnum):
    """Where an export stands; one that is DONE becomes EXPIRED after a week."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class ExportBody(BaseModel):
    """A file of all results of a job; `url` reads it for a quarter of an hour, once it is DONE.

    `results` and `missing` count its lines, `size` its bytes.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    job_id: str
    status: ExportStatus
    created_at: Time | None
    finished_at: Time | None
    results: int | None
    missing: int | None
    size: int | None
    url: str | None
    error: str | None
