"""Every port in memory: plain dicts of frozen values.

A store can be copied by `snapshot()` and put back by `restore()`, so that a model checker can
branch. Nothing mutable is handed out or taken in.
"""
# ruff: noqa: D102 - the port says what each method promises

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from shoal.adapters.mean import moved_mean
from shoal.adapters.rows.uploads import uploaded_part
from shoal.adapters.seeking import Look, sought
from shoal.domain.act import Act
from shoal.domain.chunk import Chunk
from shoal.domain.errors import InputsNotFound, WriteConflict
from shoal.domain.job import Job, JobStatus, Priority
from shoal.domain.job_filter import JobFilter
from shoal.domain.outcome import Outcome, PartKey
from shoal.domain.page_key import id_at, place
from shoal.domain.tally import Entry, Sum, Tally
from shoal.ports.audit import ActPage
from shoal.ports.blobs import UploadLink
from shoal.ports.chunks import Standing
from shoal.ports.jobs import JobPage
from shoal.ports.keepsakes import Keepsake, StoredArtifact
from shoal.ports.queues import Depth, Message
from shoal.ports.task_types import TaskType
from shoal.ports.workflow import Execution, ExecutionStatus

type State = dict[str, dict[Any, Any]]


class _Memory:
    """State in dicts, each an attribute; their keys and values are immutable."""

    def snapshot(self) -> State:
        """A copy of all that is stored."""
        return {name: dict(rows) for name, rows in vars(self).items() if isinstance(rows, dict)}

    def restore(self, state: State) -> None:
        """Store what a snapshot held, and nothing else."""
        for name, rows in state.items():
            setattr(self, name, dict(rows))


class MemoryJobStore(_Memory):
    """Jobs, tallies, sums and cursors. Entries and sums are kept as sorted pairs."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._tallies: dict[tuple[str, int], tuple[tuple[int, Entry], ...]] = {}
        self._sums: dict[tuple[str, int], tuple[tuple[int, Sum], ...]] = {}
        self._cursors: dict[tuple[str, int], int] = {}
        self._open: dict[str, tuple[str, int]] = {}

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        return {job_id: self._jobs[job_id] for job_id in job_ids if job_id in self._jobs}

    def create(self, job: Job) -> bool:
        if job.id in self._jobs:
            return False
        self._jobs[job.id] = job
        return True

    def put(self, job: Job) -> None:
        stored = self._jobs.get(job.id)
        if stored is None or stored.version != job.version - 1:
            raise WriteConflict(job.id)
        self._jobs[job.id] = job

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobPage:
        if start is not None:
            id_at(start)
        jobs = {place(job): job for job in self._jobs.values() if job.tenant == tenant}

        def look(status: JobStatus | None, before: str | None, most: int) -> Look:
            """As along an index, which knows tenant, status and place."""
            end = which.end if before is None else min(which.end, before)
            inside = [
                each
                for each, job in jobs.items()
                if status in {None, job.status} and which.first <= each < end
            ]
            seen = sorted(inside, reverse=True)[:most]
            found = [each for each in seen if which.admits(jobs[each])]
            return Look(found, len(seen), seen[-1] if len(inside) > len(seen) else None)

        look_at = sought(look, sorted(which.statuses), limit=limit, start=start)
        found = [jobs[each] for each in look_at.places]
        return JobPage(found, look_at.last, look_at.read + len(found))

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        del expires_at
        for tally in tallies:
            entries = tuple(sorted(tally.entries.items()))
            self._tallies.setdefault((tally.job, tally.number), entries)

    def set_entry(self, job_id: str, tally: int, slot: int, entry: Entry) -> Tally:
        entries = dict(self._tallies.get((job_id, tally), ()))
        if entry.replaces(entries.get(slot)):
            entries[slot] = entry
            self._tallies[job_id, tally] = tuple(sorted(entries.items()))
        return Tally(job_id, tally, entries)

    def tallies(self, job_id: str, numbers: Iterable[int]) -> list[Tally]:
        return [
            Tally(job_id, number, dict(self._tallies[job_id, number]))
            for number in sorted(set(numbers))
            if (job_id, number) in self._tallies
        ]

    def all_tallies(self, jobs: Iterable[Job]) -> Mapping[str, Sequence[Tally]]:
        return {job.id: self.tallies(job.id, range(job.tallies)) for job in jobs}

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> Mapping[int, Sum]:
        del expires_at
        sums = dict(self._sums.get((job_id, generation), ()))
        if each.replaces(sums.get(tally)):
            sums[tally] = each
            self._sums[job_id, generation] = tuple(sorted(sums.items()))
        return sums

    def sums(self, job_id: str, generation: int) -> Mapping[int, Sum]:
        return dict(self._sums.get((job_id, generation), ()))

    def claim(
        self,
        job_id: str,
        generation: int,
        *,
        first: int,
        end: int,
        expires_at: int,
        count: int = 1,
    ) -> int | None:
        del expires_at
        number = self._cursors.get((job_id, generation), first)
        if number + count > end:
            return None
        self._cursors[job_id, generation] = number + count
        return number

    def cursor(self, job_id: str, generation: int) -> int | None:
        return self._cursors.get((job_id, generation))

    def mark_open(self, job: Job) -> None:
        self.mark(job.id, job.tenant, job.task_count or 1)

    def unmark_open(self, job_id: str) -> None:
        self._open.pop(job_id, None)

    def marked_open(self) -> Iterator[str]:
        return iter(sorted(self._open))

    def mark(self, job_id: str, tenant: str, tasks: int) -> None:
        """Mark a job that need not be there yet."""
        self._open[job_id] = tenant, tasks

    def marked(self, job_id: str) -> bool:
        """Whether it is marked."""
        return job_id in self._open

    def open_of(self, tenant: str) -> tuple[int, int]:
        """How many jobs of a tenant are marked, and how many tasks they have."""
        tasks = [count for name, count in self._open.values() if name == tenant]
        return len(tasks), sum(tasks)


class MemoryChunkStore(_Memory):
    """Chunks and parts; a part that is not here may have been uploaded."""

    def __init__(self, uploads: MemoryBlobStore | None = None) -> None:
        self._uploads = uploads or MemoryBlobStore("results")
        self._chunks: dict[tuple[str, int], Chunk] = {}
        self._parts: dict[PartKey, tuple[Outcome, ...]] = {}

    def create(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            self._chunks.setdefault((chunk.job, chunk.number), chunk)

    def get(self, job_id: str, number: int) -> Chunk | None:
        return self._chunks.get((job_id, number))

    def get_many(self, job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        return [
            self._chunks[job_id, number]
            for number in sorted(set(numbers))
            if (job_id, number) in self._chunks
        ]

    def standings(self, job_id: str, numbers: Sequence[int]) -> Mapping[int, Standing]:
        return {
            chunk.number: Standing(chunk.generation, chunk.statuses)
            for chunk in self.get_many(job_id, numbers)
        }

    def put(self, chunk: Chunk) -> None:
        stored = self._chunks.get((chunk.job, chunk.number))
        if stored is None or stored.version != chunk.version - 1:
            raise WriteConflict(f"{chunk.job}#{chunk.number}")
        self._chunks[chunk.job, chunk.number] = chunk

    def put_part(self, key: PartKey, outcomes: Sequence[Outcome], *, expires_at: int) -> None:
        del expires_at
        self._parts.setdefault(key, tuple(outcomes))

    def part_upload(self, key: PartKey, size: int, *, seconds: int) -> UploadLink:
        return UploadLink(f"memory://results/{key}?size={size}&write={seconds}", {})

    def parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, Sequence[Outcome]]:
        found = {key: self._part(key) for key in keys}
        return {key: part for key, part in found.items() if part is not None}

    def _part(self, key: PartKey) -> Sequence[Outcome] | None:
        if key in self._parts:
            return self._parts[key]
        size = self._uploads.size(str(key))
        return None if size is None else uploaded_part(self._uploads.read(str(key), 0, size))


class MemoryEffectStore(_Memory):
    """Outcomes of side effects; the chunks hold the fence."""

    def __init__(self, chunks: MemoryChunkStore) -> None:
        self._chunks = chunks
        self._effects: dict[tuple[str, int, str], Keepsake] = {}

    def effect(self, job_id: str, index: int, key: str) -> Keepsake | None:
        return self._effects.get((job_id, index, key))

    def put_effect(self, chunk: Chunk, index: int, key: str, kept: Keepsake) -> bool:
        row = self._chunks.get(chunk.job, chunk.number)
        if row is None or row.epoch != chunk.epoch or row.lease is None:
            raise WriteConflict(f"{chunk.job}#{chunk.number}")
        return self._effects.setdefault((chunk.job, index, key), kept) is kept


class MemoryArtifactStore(_Memory):
    """Files of tasks; tests put them, as workers would by their links."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        """Write one."""
        self._objects[key] = body

    def place(self, key: str, size: int, *, seconds: int) -> UploadLink:
        return UploadLink(f"memory://results/{key}?size={size}&write={seconds}", {})

    def stored(self, prefix: str) -> list[StoredArtifact]:
        found = sorted(key for key in self._objects if key.startswith(prefix))
        return [StoredArtifact(key, len(self._objects[key])) for key in found]

    def link(self, key: str, *, seconds: int) -> str:
        return f"memory://results/{key}?read={seconds}"

    def uri(self, key: str) -> str:
        return f"s3://results/{key}"


class MemoryTaskQueue(_Memory):
    """What was sent and not yet taken, by priority, as pairs of tenant and message."""

    def __init__(self) -> None:
        self._sent: dict[Priority, tuple[tuple[str, Message], ...]] = {}

    def send(self, priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        new = tuple((tenant, message) for message in messages)
        self._sent[priority] = self._sent.get(priority, ()) + new

    def depths(self) -> Mapping[Priority, Depth]:
        sent = {p: [message for _, message in self._sent.get(p, ())] for p in Priority}
        return {
            p: Depth(sum(not m.delay for m in messages), 0, sum(bool(m.delay) for m in messages))
            for p, messages in sent.items()
        }

    def take(self) -> list[Message]:
        """All messages, high priority first; the queues are empty afterwards."""
        messages = [message for p in Priority for _, message in self._sent.get(p, ())]
        self._sent.clear()
        return messages


class MemoryWorkflow(_Memory):
    """Executions by job, generation and number, and how often each token was answered."""

    def __init__(self) -> None:
        self._executions: dict[tuple[str, int, int], Execution] = {}
        self._answered: dict[str, int] = {}

    def start(self, job_id: str, generation: int, number: int) -> None:
        running = Execution(ExecutionStatus.RUNNING)
        self._executions.setdefault((job_id, generation, number), running)

    def describe(self, job_id: str, generation: int, number: int) -> Execution | None:
        return self._executions.get((job_id, generation, number))

    def answer(self, token: str) -> None:
        self._answered[token] = self._answered.get(token, 0) + 1

    def answered(self, token: str) -> bool:
        """Whether the token was ever answered."""
        return token in self._answered

    def end(self, job_id: str, generation: int, number: int, execution: Execution) -> None:
        """Let an execution end so."""
        self._executions[job_id, generation, number] = execution


class MemoryBlobStore(_Memory):
    """Objects of one bucket."""

    def __init__(self, bucket: str = "inputs") -> None:
        self._bucket = bucket
        self._objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        self._objects[key] = body

    def lines(self, key: str) -> Iterator[bytes]:
        body = self._body(key)
        lines = body.split(b"\n")
        return iter(lines if lines[-1] else lines[:-1])

    def read(self, key: str, first: int, length: int) -> bytes:
        return self._body(key)[first : first + length]

    def size(self, key: str) -> int | None:
        return len(self._objects[key]) if key in self._objects else None

    def link(self, key: str, *, seconds: int) -> str:
        return f"memory://{self._bucket}/{key}?read={seconds}"

    def upload_link(self, key: str, *, seconds: int) -> UploadLink:
        return UploadLink(f"memory://{self._bucket}/{key}?write={seconds}", {})

    def uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def key_of(self, uri: str) -> str | None:
        prefix = self.uri("")
        return uri.removeprefix(prefix) if uri.startswith(prefix) and uri != prefix else None

    def _body(self, key: str) -> bytes:
        try:
            return self._objects[key]
        except KeyError as error:
            raise InputsNotFound(self.uri(key)) from error


class MemoryTypeRegistry(_Memory):
    """Task types by name."""

    def __init__(self, *task_types: TaskType) -> None:
        self._types: dict[str, TaskType] = {each.name: each for each in task_types}

    def get(self, name: str) -> TaskType | None:
        return self._types.get(name)

    def all(self) -> list[TaskType]:
        return [self._types[name] for name in sorted(self._types)]

    def register(self, task_type: TaskType) -> None:
        known = self._types.get(task_type.name)
        mean = None if known is None else known.mean_seconds
        self._types[task_type.name] = replace(task_type, mean_seconds=mean)

    def measured(self, name: str, seconds: float) -> None:
        known = self._types.get(name)
        if known is not None:
            mean = moved_mean(known.mean_seconds, seconds)
            self._types[name] = replace(known, mean_seconds=mean)


class MemoryAuditLog(_Memory):
    """Acts by their place and job."""

    def __init__(self) -> None:
        self._acts: dict[tuple[str, str | None], Act] = {}

    def add(self, act: Act, *, expires_at: int) -> None:
        del expires_at
        self._acts.setdefault((act.place, act.job_id), act)

    def of_job(self, job_id: str, *, limit: int, start: str | None) -> ActPage:
        return self._page([a for a in self._acts.values() if a.job_id == job_id], limit, start)

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> ActPage:
        return self._page([a for a in self._acts.values() if a.tenant == tenant], limit, start)

    @staticmethod
    def _page(acts: list[Act], limit: int, start: str | None) -> ActPage:
        found = [act for act in acts if start is None or act.place < start]
        found.sort(key=lambda act: act.place, reverse=True)
        page = found[:limit]
        return ActPage(page, page[-1].place if len(found) > limit else None)


class FixedClock:
    """Time that moves only when told to."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds


class SeededEntropy:
    """Randomness that repeats."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a test wants it to repeat

    def bytes(self) -> bytes:
        return self._random.randbytes(10)

    def uniform(self) -> float:
        return self._random.random()


class RecordingMetrics(_Memory):
    """What was counted: tasks by type and outcome, closed jobs, stale reports."""

    def __init__(self) -> None:
        self.completed: dict[str, int] = {}
        self.failed: dict[str, int] = {}
        self.closed: dict[tuple[str, int], JobStatus] = {}
        self.other: dict[str, int] = {}

    def tasks_ended(self, task_type: str, *, completed: int, failed: int) -> None:
        self.completed[task_type] = self.completed.get(task_type, 0) + completed
        self.failed[task_type] = self.failed.get(task_type, 0) + failed

    def job_closed(self, job: Job) -> None:
        self.closed[job.id, job.generation] = job.status

    def stale_report(self) -> None:
        self.other["stale_reports"] = self.other.get("stale_reports", 0) + 1

    def dead_letter(self) -> None:
        self.other["dead_letters"] = self.other.get("dead_letters", 0) + 1
