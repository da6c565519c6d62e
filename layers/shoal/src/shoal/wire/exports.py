"""Bodies of exports."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shoal.wire.fields import Time


class ExportStatus(StrEnum):
    """The status of an export; a DONE export becomes EXPIRED after a week."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class ExportBody(BaseModel):
    """A file with all results of a job; `url` reads it for 15 minutes once it is DONE.

    `results` and `missing` count its lines; `size` is in bytes.
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
