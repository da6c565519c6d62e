"""Exports all results of a job to one gzipped file of JSON Lines, written part by part."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from shoal.domain import ids
from shoal.domain.errors import ExportNotFound
from shoal.domain.export import Cursor
from shoal.domain.job import DAY
from shoal.ports.clock import Clock, Entropy
from shoal.ports.exports import ExportFiles, ExportRun, ExportRuns
from shoal.ports.jobs import JobStore
from shoal.ports.workflow import ExecutionStatus
from shoal.service.job_access import owned_job
from shoal.service.result_lines import lines_of
from shoal.service.result_queries import ResultPage, ResultQueries

PART_BYTES: Final = 8 << 20
"""Compressed bytes from which a part is written. S3 requires 5 MB, except for the last part."""
PAGE: Final = 1_000
"""Results in memory at a time."""
RETENTION_SECONDS: Final = 7 * DAY
"""Seconds for which the bucket stores the file."""
LINK_SECONDS: Final = 900


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
    files: ExportFiles
    clock: Clock
    entropy: Entropy

    def begin(self, tenant: str, job_id: str, *, key: str | None) -> tuple[str, bool]:
        """Start an export; return its id, and whether an earlier equal request started it."""
        owned_job(self.jobs, tenant, job_id)
        export_id = (
            ids.new_export_id(self.clock.now(), self.entropy.bytes())
            if key is None
            else ids.keyed_export_id(f"{tenant}/{job_id}", key)
        )
        replayed = key is not None and self.runs.describe(job_id, export_id) is not None
        if not replayed:
            self.runs.start(tenant, job_id, export_id)
        return export_id, replayed

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


def _key(job_id: str, export_id: str) -> str:
    return f"exports/{job_id}/{export_id}.jsonl.gz"
