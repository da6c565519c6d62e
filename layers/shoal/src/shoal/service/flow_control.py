"""Keeps the number of chunks that are out within max_parallelism.

Each write of a window is conditional on the window as read. The end of a chunk is counted once: its
note, the count and the claim of the next chunk are one transaction.

Protocol step 5 in docs/explanation/architecture.md.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import batched, takewhile

from shoal.domain.chunk import Chunk
from shoal.domain.errors import Unavailable, WriteConflict
from shoal.domain.job import Job
from shoal.domain.tally import Tally, members
from shoal.domain.window import Window
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.ports.queues import Message, TaskQueue
from shoal.ports.windows import WindowStore
from shoal.service.job_updates import TRIES
from shoal.service.read_limits import READ_AT_ONCE

WRITTEN_AT_ONCE = 50
"""Chunks per claim and per transaction, which DynamoDB limits to 100 rows."""
CLAIMED_PER_REQUEST = 1_000
"""Most chunks that a change of max_parallelism sends; the monitor sends the others."""
CLAIMED_PER_PASS = 20_000
"""Most chunks that a pass of the monitor sends."""


@dataclass(frozen=True, slots=True)
class FlowControl:
    """The windows of jobs with max_parallelism. All other jobs have none."""

    jobs: JobStore
    chunks: ChunkStore
    windows: WindowStore
    queue: TaskQueue

    def open(self, job: Job) -> Window | None:
        """Return the window of the job's generation, and write it if there is none.

        Returns None if the generation is over.
        """
        generation = job.generation
        for _ in range(TRIES):
            _, window = self._read(job)
            if window is not None:
                return window
            window = Window.opened(job.width, job.chunks)
            try:
                self.windows.open(job, window)
            except WriteConflict:
                current = self.jobs.get(job.id)
                if current is None or not current.may_wait(generation):
                    return None
                job = current
                continue
            return window
        raise Unavailable(f"too many concurrent updates to job {job.id}")

    def claimed(self, job: Job) -> int:
        """Return the number of chunks that are claimed: the first ones, or all of the job."""
        if job.opening is None:
            return job.chunks
        _, window = self._read(job)
        return 0 if window is None else window.next

    def chunk_ended(self, job: Job, chunk: Chunk) -> Chunk:
        """Count the end of a chunk and send the chunk that it makes room for.

        Returns the chunk with the note. Counts nothing if the chunk is not claimed yet, or if all
        chunks are. A repeat sends the same chunk again, unless it is known to have arrived.
        """
        if job.opening is None or chunk.generation != job.generation:
            return chunk
        for _ in range(TRIES):
            if not chunk.finished:
                return chunk
            if chunk.successor is not None:
                self._send_again(job, chunk)
                return chunk
            stored, window = self._read(job)
            if window is None or not self._counts(job, window, chunk):
                return chunk
            after, claimed = window.after_end(job.chunks)
            noted = chunk.noted(claimed)
            try:
                self.windows.note(job, [noted], stored, after)
            except WriteConflict:
                fresh = self.chunks.get(job.id, chunk.number)
                if fresh is None or fresh.generation != job.generation:
                    return fresh or chunk
                chunk = fresh
                continue
            if claimed is not None:
                self._send(job, [claimed])
            return noted
        raise Unavailable(f"too many concurrent ends of chunks of job {job.id}")

    def resize(self, job: Job) -> None:
        """Write the job with a changed max_parallelism, and the width of its window with it."""
        stored, window = self._read(job)
        self.windows.resize(job, stored, None if window is None else window.resized(job.width))

    def catch_up(self, job: Job, tallies: Sequence[Tally]) -> None:
        """Count the ends that are not counted yet, then fill the window."""
        if job.opening is not None:
            ended = {*_ended(job, tallies)}
            self._note_missing(job, ended)
            self.fill(job, most=CLAIMED_PER_PASS, ended=ended)

    def fill(self, job: Job, *, most: int, ended: Collection[int] = ()) -> None:
        """Claim up to `most` chunks for which there is room, and send them.

        First sends chunks of an earlier claim whose messages may be missing. Chunks that are known
        to have `ended`, in an earlier generation, are claimed and counted many at a time.
        """
        if job.opening is None or job.paused or job.stopping:
            return
        conflicts = 0
        while conflicts < TRIES:
            stored, window = self._read(job)
            if window is None:
                return
            try:
                if window.sending is not None:
                    self._send_claimed(job, window.sending)
                    continue
                if self._pass_ended(job, stored, window, ended):
                    continue
                count = min(most, WRITTEN_AT_ONCE, window.room(job.chunks))
                if count <= 0:
                    return
                self.windows.put(job, stored, window.claim(count))
                most -= count
            except WriteConflict:
                conflicts += 1

    def _read(self, job: Job) -> tuple[Window | None, Window | None]:
        """Return the stored window, and the window that applies.

        An earlier release wrote a window at the first claim after the job was enqueued.
        """
        stored = self.windows.get(job)
        if stored is None and job.opening is not None and job.enqueued_at is not None:
            return None, Window.opened(job.opening, job.chunks).resized(job.width)
        return stored, stored

    @staticmethod
    def _counts(job: Job, window: Window, chunk: Chunk) -> bool:
        """Return whether the end of the chunk counts: it is claimed, and others are not.

        An earlier release counted no ends after max_parallelism was changed; the monitor counts
        them first.
        """
        uncounted = window.back is None and job.window is not None
        return window.covers(chunk.number) and window.next < job.chunks and not uncounted

    def _send_again(self, job: Job, chunk: Chunk) -> None:
        """Repeat the message that the end of the chunk sent, unless it is known to have arrived.

        Each message of a finished chunk repeats the message of its successor. Without the check,
        one that is delivered twice would be repeated to the end of the job.
        """
        claimed = chunk.successor
        if claimed is None or claimed == chunk.number:
            return
        row = self.chunks.get(job.id, claimed)
        if row is not None and not row.received and row.successor is None:
            self._send(job, [claimed])

    def _pass_ended(
        self, job: Job, stored: Window | None, window: Window, ended: Collection[int]
    ) -> bool:
        """Claim and count the next chunks if they have ended; return whether there were any."""
        candidates = range(window.next, min(window.next + WRITTEN_AT_ONCE, job.chunks))
        numbers = list(takewhile(ended.__contains__, candidates))
        if not numbers or window.out > window.width:
            return False
        rows = self.chunks.get_many(job.id, numbers)
        if len(rows) < len(numbers) or not all(_lacks_note(job, row) for row in rows):
            return False
        noted = [row.noted(None) for row in rows]
        self.windows.note(job, noted, stored, window.passing(len(noted)))
        return True

    def _send_claimed(self, job: Job, sending: tuple[int, int]) -> None:
        """Send the chunks of a claim; count those that completed in an earlier generation.

        Only the removal of the record is repeated after a conflict, so that ends of other chunks
        multiply no messages.
        """
        rows = self.chunks.get_many(job.id, range(*sending))
        self._send(job, [row.number for row in rows if not row.finished and not row.received])
        self._note(job, [row.number for row in rows if _lacks_note(job, row)])
        for _ in range(TRIES):
            stored, window = self._read(job)
            if window is None or window.sending != sending:
                return
            with suppress(WriteConflict):
                self.windows.put(job, stored, window.sent())

    def _send(self, job: Job, numbers: Sequence[int]) -> None:
        messages = [Message(job.id, number) for number in numbers]
        if messages:
            self.queue.send(job.spec.priority, messages, tenant=job.tenant)

    def _note_missing(self, job: Job, tallied: Collection[int]) -> None:
        """Count the ended chunks without a note, if the tallies show more ends than were counted.

        A chunk is noted before it is tallied, unless it completed in an earlier generation. The
        latest claims are read first, because earlier ones usually have their note.
        """
        _, window = self._read(job)
        if window is None or window.next >= job.chunks:
            return
        ended = sorted(filter(window.covers, tallied), reverse=True)
        missing = len(ended) - (window.back or 0)
        if missing <= 0 and window.back is not None:
            return
        for numbers in batched(ended, WRITTEN_AT_ONCE, strict=False):
            if missing <= 0:
                return
            missing -= self._note(job, numbers)
        self._recount(job)

    def _note(self, job: Job, numbers: Sequence[int]) -> int:
        """Count the ends of those chunks that lack a note; return their number."""
        for _ in range(TRIES if numbers else 0):
            stored, window = self._read(job)
            rows = self.chunks.get_many(job.id, numbers)
            ended = [row.noted(None) for row in rows if _lacks_note(job, row)]
            if window is None or not ended:
                return 0
            try:
                self.windows.note(job, ended, stored, window.after_ends(len(ended)))
            except WriteConflict:
                continue
            return len(ended)
        return 0

    def _recount(self, job: Job) -> None:
        """SET the count of ended chunks from their notes, unless the window changes meanwhile.

        It is missing or too small if an earlier release claimed chunks in this generation.
        """
        stored, window = self._read(job)
        if window is None:
            return
        back = sum(
            row.successor is not None and row.generation == job.generation
            for numbers in batched(range(window.next), READ_AT_ONCE, strict=False)
            for row in self.chunks.get_many(job.id, numbers)
        )
        if back != window.back:
            with suppress(WriteConflict):
                self.windows.put(job, stored, window.recounted(back))


def _lacks_note(job: Job, row: Chunk) -> bool:
    """Return whether the chunk has ended without a note; never for a row of a later generation."""
    return row.finished and row.successor is None and row.generation == job.generation


def _ended(job: Job, tallies: Sequence[Tally]) -> Iterator[int]:
    """Yield the chunks that have ended in this generation according to the tallies."""
    for tally in tallies:
        numbers = members(tally.number, job.chunks)
        for slot, entry in tally.entries.items():
            if entry.ended(job.generation):
                yield numbers[slot]
