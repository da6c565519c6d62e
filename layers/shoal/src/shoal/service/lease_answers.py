"""Requests and answers of the protocol with workers, one for each chunk."""

from dataclasses import dataclass, field
from typing import NamedTuple

from shoal.domain.chunk import Chunk, CurrentTask
from shoal.domain.grid import Json
from shoal.domain.job import Job
from shoal.service.inputs import LinkedInputs


class ChunkRef(NamedTuple):
    """The chunk that a message refers to."""

    job: str
    chunk: int


@dataclass(frozen=True, slots=True)
class LeaseGranted:
    """A granted lease of the tasks at `offsets`, with their individual inputs or a link to them.

    `token` is what requests under the lease must have, if any.
    """

    job: Job
    chunk: Chunk
    offsets: tuple[int, ...]
    inputs: list[dict[str, Json]] | LinkedInputs
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LeaseRefused:
    """A refused lease: hide the message on `held`, otherwise delete it.

    `reason` is a sentence that explains the decision, if it needs one.
    """

    decision: str
    retry_after: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ChunkFailed:
    """The request failed for this chunk only; the worker repeats it for this chunk."""

    error: Exception


@dataclass(frozen=True, slots=True)
class LeaseRenewal:
    """The heartbeat of one lease, with its token if it has one."""

    job: str
    chunk: int
    epoch: int
    current_task: CurrentTask | None
    token: str | None = field(default=None, repr=False)


class RenewalDecision(NamedTuple):
    """A decision (`extended`, `stale` or `cancelled`), the new expiry, and a directive."""

    decision: str
    until: float | None = None
    directive: str | None = None
