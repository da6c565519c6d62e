"""The stores of jobs and chunks, whose writes the laws and the stream see."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from shoal.adapters.memory.blobs import MemoryBlobStore
from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.windows import MemoryWindowStore
from shoal.adapters.rows.attributes import Row, text
from shoal.adapters.rows.chunks import chunk_of, chunk_row
from shoal.adapters.rows.jobs import job_of, job_row
from shoal.adapters.rows.tallies import sums_id, tally_id, tally_of, tally_row
from shoal.domain.chunk import Chunk
from shoal.domain.job import DAY, Job
from shoal.domain.job_filter import JobFilter
from shoal.domain.outcome import Origin, Outcome, PartKey
from shoal.domain.tally import Entry, Sum, Tally
from shoal.domain.window import Window
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobPage

if TYPE_CHECKING:
    from tests.prove.laws import Laws

OBJECT_DAYS: Final = 151
"""The days until an object is deleted: those of the template, up to the next midnight."""
_LATER: Final = "field_of_a_later_version"

type Changed = Callable[[str, Job | None, Job | None], None]


class UnreadableRow(Exception):  # noqa: N818 - reads as a noun
    """A row that the code cannot read."""


class WatchedJobStore(MemoryJobStore):
    """Jobs in memory; the laws see each write, the index has a history, and rows expire."""

    def __init__(self, laws: Laws, clock: Clock) -> None:
        super().__init__(clock)
        self._now = clock.now
        self._laws = laws
        self._expiry: dict[tuple[str, Any], int] = {}
        self._history: list[tuple[float, str, Job | None]] = []
        self._lag = 0.0
        self.changed: Changed = lambda _row, _before, _after: None
        """Gets each change of a row of the table: its key, and the job before and after it."""
        self.unreadable: set[str] = set()
        """Jobs whose rows this version of the code cannot read."""
        self.later: set[Any] = set()
        """Jobs and tallies that a later version of the code wrote."""
        self.writes: Counter[tuple[str, str]] = Counter()
        """The writes of the row of each job, and of its sums."""

    def get(self, job_id: str) -> Job | None:
        if job_id in self.unreadable:
            raise UnreadableRow(job_id)
        job = super().get(job_id)
        return _of_later_version(job) if job is not None and job_id in self.later else job

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        return {job_id: job for job_id in job_ids if (job := self.get(job_id)) is not None}

    def create(self, job: Job) -> bool:
        created = super().create(job)
        if created:
            self._laws.check("a live job is on the watch list", self.watches(job.id), job.id)
            self._written(None, job)
        return created

    def put(self, job: Job) -> None:
        before = self._jobs.get(job.id)
        super().put(job)
        self.later.discard(job.id)
        self._written(before, job)

    def _written(self, before: Job | None, job: Job) -> None:
        self._history.append((self._now(), job.id, before))
        self.writes[job.id, "row"] += 1
        self._laws.job_written(before, job)
        self.changed(job.id, before, job)

    def lag(self, seconds: float) -> None:
        """Delay the index by this number of seconds."""
        self._lag = seconds

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobPage:
        """The index is eventually consistent; the rows that it names are current."""
        if not self._lag:
            return super().page(tenant, which, limit=limit, start=start)
        current, self._jobs = self._jobs, self._at(self._now() - self._lag)
        try:
            found = super().page(tenant, which, limit=limit, start=start)
        finally:
            self._jobs = current
        jobs = [current[job.id] for job in found.jobs if job.id in current]
        return JobPage([*filter(which.admits, jobs)], found.next_key, found.read)

    def _at(self, when: float) -> dict[str, Job]:
        """The rows of jobs at an earlier time."""
        jobs: dict[str, Job | None] = {**self._jobs}
        for at, job_id, before in reversed(self._history):
            if at < when:
                break
            jobs[job_id] = before
        return {job_id: job for job_id, job in jobs.items() if job is not None}

    def begin(self, job: Job) -> None:
        super().begin(job)
        self._laws.check("a live job is on the watch list", self.watches(job.id), job.id)

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        for tally in tallies:
            if (tally.job, tally.number) not in self._tallies:
                self._expiry["_tallies", (tally.job, tally.number)] = expires_at
            super().create_tallies([tally], expires_at=expires_at)

    def set_entry(self, job_id: str, tally: int, slot: int, entry: Entry) -> Tally:
        before = dict(self._tallies.get((job_id, tally), ()))
        after = super().set_entry(job_id, tally, slot, entry)
        if before != after.entries:
            self._laws.entry_written(job_id, before.get(slot), entry)
            self.changed(tally_id(job_id, tally), None, None)
        return after

    def tallies(self, job_id: str, numbers: Iterable[int]) -> list[Tally]:
        return [
            tally_of({**tally_row(each, 0), _LATER: text("x")})
            if (each.job, each.number) in self.later
            else each
            for each in super().tallies(job_id, numbers)
        ]

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> Mapping[int, Sum]:
        self._expiry["_sums", (job_id, generation)] = expires_at
        before = dict(self._sums.get((job_id, generation), ()))
        after = super().set_sum(job_id, generation, tally, each, expires_at=expires_at)
        if before != after:
            self._laws.sum_written(job_id, before.get(tally), each)
            self.writes[job_id, "sums"] += 1
            self.changed(sums_id(job_id, generation), None, None)
        return after

    def expired(self, now: float) -> list[Callable[[], object]]:
        """Return a function that deletes each expired row."""
        rows: list[Callable[[], object]] = [
            partial(getattr(self, name).pop, key, None)
            for (name, key), at in self._expiry.items()
            if at < now and key in getattr(self, name)
        ]
        jobs = [partial(self._jobs.pop, job.id, None) for job in self.rows if job.expires_at < now]
        return [*rows, *jobs]

    def row(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def entries(self, job_id: str, tally: int) -> Mapping[int, Entry]:
        return dict(self._tallies.get((job_id, tally), ()))

    @property
    def rows(self) -> list[Job]:
        return list(self._jobs.values())

    @property
    def keys_of_tallies(self) -> list[tuple[str, int]]:
        """The keys of all tallies."""
        return list(self._tallies)


def _of_later_version(job: Job) -> Job:
    """Read a row that has a field of a later version in each of its parts."""
    row = dict(job_row(job))
    row[_LATER] = text("x")
    row["state"] = _with_field(row["state"]["S"])
    if "S" in row["spec"]:
        row["spec"] = _with_field(row["spec"]["S"])
    return job_of(row)


def _with_field(packed: str) -> Any:
    return text(json.dumps(json.loads(packed) | {_LATER: {"x": 1}}))


class WatchedChunkStore(MemoryChunkStore):
    """Chunks in memory; a law sees each write of a chunk's row, and rows expire."""

    def __init__(self, laws: Laws, uploads: MemoryBlobStore) -> None:
        super().__init__(uploads)
        self._laws = laws
        self._expiry: dict[PartKey, int] = {}
        self.later: set[tuple[str, int]] = set()
        """Chunks that a later version of the code wrote."""

    def create(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            if (chunk.job, chunk.number) not in self._chunks:
                super().create([chunk])
                self._laws.chunk_written(None, chunk)

    def get(self, job_id: str, number: int) -> Chunk | None:
        chunk = super().get(job_id, number)
        return None if chunk is None else self._read(chunk)

    def get_many(self, job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        return [self._read(chunk) for chunk in super().get_many(job_id, numbers)]

    def _read(self, chunk: Chunk) -> Chunk:
        if (chunk.job, chunk.number) not in self.later:
            return chunk
        row: Row = {**chunk_row(chunk), _LATER: text("x")}
        return chunk_of(row)

    def put(self, chunk: Chunk) -> None:
        before = self._chunks.get((chunk.job, chunk.number))
        super().put(chunk)
        self.later.discard((chunk.job, chunk.number))
        self._laws.chunk_written(before, chunk)

    def put_part(
        self, key: PartKey, outcomes: Sequence[Outcome], *, origin: Origin, expires_at: int
    ) -> None:
        self._expiry.setdefault(key, expires_at)
        super().put_part(key, outcomes, origin=origin, expires_at=expires_at)

    def expired(self, now: float) -> list[Callable[[], object]]:
        """Return a function that deletes each expired row."""
        parts: list[Callable[[], object]] = [
            partial(self._parts.pop, key, None)
            for key, at in self._expiry.items()
            if at < now and key in self._parts
        ]
        rows = [
            partial(self._chunks.pop, key, None)
            for key, chunk in self._chunks.items()
            if chunk.expires_at < now
        ]
        return [*parts, *rows]

    def row(self, job_id: str, number: int) -> Chunk | None:
        return self._chunks.get((job_id, number))

    def of(self, job_id: str) -> list[Chunk]:
        """All rows of a job."""
        return [chunk for (job, _), chunk in sorted(self._chunks.items()) if job == job_id]

    @property
    def keys(self) -> list[tuple[str, int]]:
        """The keys of all chunks."""
        return list(self._chunks)


class WatchedWindowStore(MemoryWindowStore):
    """Windows in memory; a law sees each write of a window, together with the job and its rows."""

    def __init__(self, laws: Laws, jobs: WatchedJobStore, chunks: WatchedChunkStore) -> None:
        super().__init__(jobs, chunks)
        self._laws = laws
        self._job_rows = jobs
        self._chunk_rows = chunks

    def _write(self, job: Job, window: Window) -> None:
        before = self.get(job)
        super()._write(job, window)
        current = self._job_rows.row(job.id)
        if current is not None and current.generation == job.generation:
            self._laws.window_written(before, window, current, self._chunk_rows.of(job.id))


class Bucket(MemoryBlobStore):
    """Objects that presigned URLs reach too, and that expire."""

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        super().__init__(name)
        self._now = now
        self.written_at: dict[str, float] = {}

    def put(self, key: str, body: bytes) -> None:
        self.written_at[key] = self._now()
        super().put(key, body)

    def upload(self, key: str, body: bytes) -> bool:
        """Store an object by a presigned URL; False if it exists."""
        if key in self._objects:
            return False
        self.put(key, body)
        return True

    def expired(self, now: float) -> list[Callable[[], object]]:
        """Return a function that deletes each expired object."""
        before = now - OBJECT_DAYS * DAY
        return [
            partial(self._objects.pop, key, None)
            for key, at in self.written_at.items()
            if at < before and key in self._objects
        ]

    @property
    def objects(self) -> dict[str, bytes]:
        return self._objects
