"""Exports all results of a job to one gzipped file of JSON Lines, written part by part."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from shoal.domain import ids
from shoal.domain.errors import ExportNotFound, LimitReached, Unavailable
from shoal.domain.export import Cursor
from shoal.domain.job import DAY
from shoal.domain.limits import RETRY_AFTER_SECONDS
from shoal.ports.clock import Clock, Entropy
from shoal.ports.exports import ExportFiles, ExportRun, ExportRuns, ExportSlot, ExportSlots
from shoal.ports.jobs import JobStore
from shoal.ports.workflow import ExecutionStatus
from shoal.service.job_access import owned_job
from shoal.service.job_updates import TRIES
from shoal.service.result_lines import lines_of
from shoal.service.result_queries import ResultPage, ResultQueries

PART_BYTES: Final = 8 << 20
"""Compressed bytes from which a part is written. S3 requires 5 MB, except for the last part."""
PAGE: Final = 1_000
"""Results in memory at a time."""
RETENTION_SECONDS: Final = 7 * DAY
"""Seconds for which the bucket stores the file."""
LINK_SECONDS: Final = 900
RUNNING_AT_ONCE: Final = 10
"""Exports that a tenant can run at once."""
STARTING_SECONDS: Final = 60.0
"""A slot whose export has not started after this time is free: its request died."""


class Export(NamedTuple):
    """An export. `url` is valid for 15 minutes, and None once the file has expired."""

    id: str
    job_id: str
    run: ExportRun
    cursor: Cursor | None
    url: str | None

    @property
    def expired(self) -> bool:
        """Whether the file has expired."""
        return self.cursor is not None and self.url is None


@dataclass(frozen=True, slots=True)
class Exports:
    """Exports. The execution of an export loops until its file is complete and holds all state."""

    jobs: JobStore
    result_queries: ResultQueries
    runs: ExportRuns
    slots: ExportSlots
    files: ExportFiles
    clock: Clock
    entropy: Entropy

    def begin(self, tenant: str, job_id: str, *, key: str | None) -> tuple[str, bool]:
        """Start an export; return its id, and whether an earlier request started it.

        An export of the same ended job that is running is returned instead of a second one. Raises
        LimitReached if the tenant runs the maximum number.
        """
        job = owned_job(self.jobs, tenant, job_id)
        export_id = (
            ids.new_export_id(self.clock.now(), self.entropy.bytes())
            if key is None
            else ids.keyed_export_id(f"{tenant}/{job_id}", key)
        )
        if key is not None:
            before = self._answered(tenant, job_id, export_id)
            if before is not None:
                return before, True
        version = None if job.live else job.version
        wanted = ExportSlot(0, job_id, export_id, version, self.clock.now())
        slot, equal = self._slot(tenant, wanted)
        # Also if another request took the slot: that request may not have started it yet.
        self.runs.start(tenant, job_id, slot.export_id)
        if key is not None and slot.export_id != export_id:
            expires_at = int(self.clock.now()) + RETENTION_SECONDS
            self.slots.record_answer(tenant, export_id, slot.export_id, expires_at=expires_at)
        return slot.export_id, equal

    def _answered(self, tenant: str, job_id: str, keyed_id: str) -> str | None:
        """Return the export with which an earlier request with the same key was answered."""
        if self.runs.describe(job_id, keyed_id) is not None:
            return keyed_id
        return self.slots.answered(tenant, keyed_id)

    def _slot(self, tenant: str, wanted: ExportSlot) -> tuple[ExportSlot, bool]:
        """Take a slot for an export, or return that of an equal one that is running, and True."""
        for _ in range(TRIES):
            taken = {slot.number: slot for slot in self.slots.taken(tenant)}
            running = [slot for slot in taken.values() if self._runs(slot)]
            equal = next((slot for slot in running if _equal(slot, wanted)), None)
            if equal is not None:
                return equal, True
            numbers = {slot.number for slot in running}
            free = next((each for each in range(RUNNING_AT_ONCE) if each not in numbers), None)
            if free is None:
                detail = f"{len(running)} exports are running, of at most {RUNNING_AT_ONCE}"
                raise LimitReached("running_exports", detail, RETRY_AFTER_SECONDS)
            slot = replace(wanted, number=free)
            if self.slots.take(tenant, slot, over=taken.get(free)):
                return slot, False
        raise Unavailable(f"too many concurrent exports of tenant {tenant}")

    def _runs(self, slot: ExportSlot) -> bool:
        run = self.runs.describe(slot.job_id, slot.export_id)
        if run is None:
            return self.clock.now() < slot.taken_at + STARTING_SECONDS
        return run.status is ExecutionStatus.RUNNING

    def get(self, tenant: str, job_id: str, export_id: str) -> Export:
        """Return an export; raise JobNotFound or ExportNotFound."""
        owned_job(self.jobs, tenant, job_id)
        run = self.runs.describe(job_id, export_id) if ids.is_export_id(export_id) else None
        if run is None:
            raise ExportNotFound(export_id)
        if run.status is not ExecutionStatus.SUCCEEDED or run.cursor is None:
            return Export(export_id, job_id, run, None, None)
        available = self.clock.now() < (run.ended_at or 0.0) + RETENTION_SECONDS
        url = self.files.link(_key(job_id, export_id), seconds=LINK_SECONDS) if available else None
        return Export(export_id, job_id, run, run.cursor, url)

    def write_part(self, tenant: str, job_id: str, export_id: str, cursor: Cursor | None) -> Cursor:
        """Write the next part and return the next cursor. A repeated call writes the same part."""
        key = _key(job_id, export_id)
        at = cursor or Cursor(upload=self.files.begin(key))
        if at.index is None:  # a separate call: a closed upload rejects parts
            self.files.finish(key, at.upload, at.parts)
            return replace(at, whole=True)
        packed, body, size = zlib.compressobj(wbits=zlib.MAX_WBITS | 16), list[bytes](), 0
        for page in self._pages(tenant, job_id, at.index):
            lines = [line for _, line in lines_of(page)]
            body.append(packed.compress("".join(lines).encode()))
            size += len(body[-1])
            at = replace(
                at,
                index=page.next_index,
                results=at.results + len(page.results),
                missing=at.missing + sum(each.count for each in page.missing),
            )
            if size >= PART_BYTES:
                break
        body.append(packed.flush())
        part = b"".join(body)
        tag = self.files.append(key, at.upload, len(at.parts) + 1, part)
        return replace(at, parts=(*at.parts, tag), size=at.size + len(part))

    def _pages(self, tenant: str, job_id: str, start: int | None) -> Iterator[ResultPage]:
        while start is not None:
            page = self.result_queries.of_job(tenant, job_id, limit=PAGE, start=start)
            yield page
            start = page.next_index


def _equal(slot: ExportSlot, wanted: ExportSlot) -> bool:
    """Return whether two exports have the same file; results of a live job still change."""
    if slot.export_id == wanted.export_id:
        return True
    return wanted.job_version is not None and (slot.job_id, slot.job_version) == (
        wanted.job_id,
        wanted.job_version,
    )


def _key(job_id: str, export_id: str) -> str:
    return f"exports/{job_id}/{export_id}.jsonl.gz"
