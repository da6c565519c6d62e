"""Sends a chunk on to other workers if the worker that asks does not offer its task type."""

from dataclasses import dataclass
from typing import Final

from shoal.domain.chunk import Chunk
from shoal.domain.errors import WriteConflict
from shoal.domain.job import Job
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock, Entropy
from shoal.ports.queues import Message, TaskQueue
from shoal.service.lease_answers import LeaseRefused
from shoal.service.live_types import LiveTypes

OFFERED_SECONDS: Final = 2.0
"""The delay of the new message while a live worker offers the type."""
UNOFFERED_SECONDS: Final = 60.0
"""Its delay while none does."""
LEAVE_SECONDS: Final = 10.0
"""How long the worker leaves the queue if another one offers the type. It is longer than the delay
of the message plus a poll cycle of a worker with several queues, so that another one receives it.
Otherwise an idle worker that long-polls this queue would receive the chunk each time."""
_JITTER: Final = 0.5


@dataclass(frozen=True, slots=True)
class TypeMismatch:
    """The answer to a worker that does not offer the type of a chunk.

    A new message takes the place of the one that the worker deletes, so that its receives do not
    count towards the dead-letter queue.
    """

    chunks: ChunkStore
    queue: TaskQueue
    live_types: LiveTypes
    clock: Clock
    entropy: Entropy

    def send_on(self, job: Job, chunk: Chunk, length: float) -> LeaseRefused:
        """Send the chunk on after a delay, without a lease."""
        task_type = job.spec.task_type
        offered = self.live_types.offers(task_type)
        seconds = OFFERED_SECONDS if offered else UNOFFERED_SECONDS
        jitter = 1.0 + _JITTER * self.entropy.uniform()
        delay = seconds * jitter
        message = Message(job.id, chunk.number, delay)
        self.queue.send(job.spec.priority, [message], tenant=job.tenant)
        self._stamp(chunk, length)
        others = "other workers" if offered else "a worker that offers it; none is alive"
        reason = (
            f"task type {task_type} is not offered by this worker; the chunk waits for {others}"
        )
        retry_after = LEAVE_SECONDS * jitter if offered else None
        return LeaseRefused("type_not_offered", retry_after, reason)

    def _stamp(self, chunk: Chunk, length: float) -> None:
        """Store the time, at most once per lease, so that the message does not count as lost."""
        now = self.clock.now()
        if now - chunk.sent_at < length:
            return
        try:
            self.chunks.put(chunk.sent_on(now))
        except WriteConflict:
            return  # another worker has it
