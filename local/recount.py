"""Recounts the tasks of a job from its rows and outcomes.

`python -m local.recount JOB` prints the result as JSON. It runs as a separate process with the
environment of a function, because adapters read their endpoint and keys from the environment.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import batched
from typing import Final

from local.consistency_check import READ_AT_ONCE, ConsistencyChecker
from shoal.bootstrap.aws import on_aws
from shoal.bootstrap.wiring import Adapters
from shoal.domain.chunk import Chunk
from shoal.domain.job import Job
from shoal.domain.outcome import Outcome, PartKey
from shoal.ports.workflow import ExecutionStatus
from shoal.settings import FunctionSettings

REST_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Recount:
    """The numbers of completed, lost and duplicated tasks, and the findings of the check."""

    completed: int
    lost: int
    duplicated: int
    findings: list[str]


def recount(adapters: Adapters, job_id: str) -> Recount:
    """Counts the accepted completions of a job, and checks its consistency."""
    job = adapters.jobs.get(job_id)
    if job is None:
        return Recount(0, 0, 0, [f"{job_id} does not exist"])
    _await_rest(adapters, job)
    times = _completions(adapters, job)
    findings = ConsistencyChecker(adapters.jobs, adapters.chunks, adapters.workflow).check(job_id)
    completed = sum(1 for index in times if 0 <= index < (job.task_count or 0))
    return Recount(
        completed=completed,
        lost=(job.task_count or 0) - completed,
        duplicated=times.total() - len(times),
        findings=findings,
    )


def _await_rest(adapters: Adapters, job: Job) -> None:
    """Waits for the end of the execution, which follows the close of the job."""
    deadline = time.monotonic() + REST_SECONDS
    while time.monotonic() < deadline:
        last = adapters.workflow.describe(job.id, job.generation, job.executions)
        if last is not None and last.status is not ExecutionStatus.RUNNING:
            return
        time.sleep(0.2)


def _completions(adapters: Adapters, job: Job) -> Counter[int]:
    times: Counter[int] = Counter()
    for numbers in batched(range(job.chunks), READ_AT_ONCE, strict=False):
        chunks = adapters.chunks.get_many(job.id, numbers)
        keys = {chunk.part_key(p.epoch, p.report) for chunk in chunks for p in chunk.parts}
        parts = adapters.chunks.parts(keys)
        for chunk in chunks:
            times.update(_accepted(chunk, parts))
    return times


def _accepted(chunk: Chunk, parts: Mapping[PartKey, Sequence[Outcome]]) -> Iterator[int]:
    for part in chunk.parts:
        for outcome in parts.get(chunk.part_key(part.epoch, part.report), ()):
            if outcome.error is None and part.holds(outcome.index - chunk.first):
                yield outcome.index


if __name__ == "__main__":
    print(json.dumps(asdict(recount(on_aws(FunctionSettings.from_environment()), sys.argv[1]))))
