"""What a job says of itself, to whoever waits for answers and to whoever awaits them."""

from __future__ import annotations

from shoal.domain.job import LIVE
from shoal.wire.jobs import CountsBody, JobBody


class JobFacts:
    """A job as of the last call that asked the API; `body` has all of it."""

    def __init__(self, body: JobBody) -> None:
        self.body = body

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status}>"

    @property
    def id(self) -> str:
        """Its id."""
        return self.body.id

    @property
    def status(self) -> str:
        """PENDING, ENQUEUED, RUNNING, COMPLETED, FAILED or CANCELLED."""
        return self.body.status

    @property
    def counts(self) -> CountsBody:
        """Its tasks by status."""
        return self.body.counts

    @property
    def over(self) -> bool:
        """Whether it has ended; a retry begins it again."""
        return self.body.status not in LIVE
