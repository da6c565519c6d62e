"""Dead letters, by job and by the state of their chunks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from shoal.domain.chunk import Chunk
from shoal.domain.job import Job

EXAMPLES: Final = 3
PLACE: Final = re.compile(r"[0-9]{10}\.[0-9]{6}/job_[0-9A-Z]{26}/[A-Z_]{1,32}")


class DeadCause(StrEnum):
    """The state of a chunk when its message was in the dead-letter queue."""

    JOB_ENDED = "JOB_ENDED"
    CHUNK_ENDED = "CHUNK_ENDED"
    PAUSED = "PAUSED"
    HELD = "HELD"
    WORKER_DIED = "WORKER_DIED"
    UNFINISHED = "UNFINISHED"

    @property
    def sentence(self) -> str:
        """The state and the action taken, as a sentence."""
        return _SENTENCES[self]

    @staticmethod
    def of(job: Job, chunk: Chunk, now: float) -> DeadCause:
        """Return the first cause that applies."""
        holds = {
            DeadCause.JOB_ENDED: job.stopping or not job.live,
            DeadCause.CHUNK_ENDED: chunk.finished,
            DeadCause.PAUSED: job.paused,
            DeadCause.HELD: chunk.lease is not None and chunk.lease.until > now,
            DeadCause.WORKER_DIED: chunk.crashes > 0,
        }
        return next((cause for cause, is_so in holds.items() if is_so), DeadCause.UNFINISHED)


_SENTENCES: Final = {
    DeadCause.JOB_ENDED: "the job had ended or was ending; nothing was sent again",
    DeadCause.CHUNK_ENDED: "the chunk had ended, but its message was not deleted; tasks count once",
    DeadCause.PAUSED: "the job was paused; its chunks are sent again on resume",
    DeadCause.HELD: "a worker held the chunk; its message returns when the lease ends",
    DeadCause.WORKER_DIED: "workers died while they ran the chunk; it was sent again",
    DeadCause.UNFINISHED: "the chunk was received and given up, or never leased; it was sent again",
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message. `receives` is SQS's receive count; `at` is the time at which it was handled."""

    chunk: int
    task: int
    receives: int
    at: float


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters of one job and cause. `receives` is the maximum; times are in seconds."""

    tenant: str
    job_id: str
    cause: DeadCause
    first_at: float
    last_at: float
    count: int
    receives: int
    examples: tuple[DeadLetter, ...]
    expires_at: int
    version: int = 1

    @staticmethod
    def first(job: Job, cause: DeadCause, letter: DeadLetter) -> DeadLetters:
        """Return the record of the first dead letter of its job and cause."""
        return DeadLetters(
            tenant=job.tenant,
            job_id=job.id,
            cause=cause,
            first_at=letter.at,
            last_at=letter.at,
            count=1,
            receives=letter.receives,
            examples=(letter,),
            expires_at=job.expires_at,
        )

    def with_letter(self, letter: DeadLetter) -> DeadLetters:
        """Return the record with one more dead letter. Each chunk is an example once."""
        known = any(each.chunk == letter.chunk for each in self.examples)
        more = () if known or len(self.examples) == EXAMPLES else (letter,)
        return replace(
            self,
            last_at=max(self.last_at, letter.at),
            count=self.count + 1,
            receives=max(self.receives, letter.receives),
            examples=self.examples + more,
            version=self.version + 1,
        )

    @property
    def place(self) -> str:
        """A sort key: by the time of the first dead letter."""
        return f"{self.first_at:017.6f}/{self.job_id}/{self.cause}"
