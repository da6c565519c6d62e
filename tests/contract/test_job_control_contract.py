"""Actions on keys that are not jobs, in memory and in the tables."""

from dataclasses import replace

import pytest

from shoal.adapters.memory.metrics import RecordingMetrics
from shoal.domain.cause import cause_of
from shoal.domain.chunk import Part
from shoal.domain.errors import JobNotFound
from shoal.domain.job import JobStatus
from shoal.domain.job_filter import JobFilter
from shoal.domain.outcome import Outcome, PartKey, TaskError
from shoal.domain.selection import Selection
from shoal.domain.tally import Tally
from shoal.service.completion import Completion
from shoal.service.flow_control import FlowControl
from shoal.service.job_control import JobControl
from shoal.service.retry_selection import positions_to_run
from tests.contract.examples import EXPIRES_AT, ORIGIN, a_chunk, a_job, create_job, fresh_id
from tests.contract.port_sets import Ports


def test_a_selection_is_kept_and_takes_the_tasks_of_its_cause(ports: Ports) -> None:
    job = replace(a_job(), status=JobStatus.FAILED, task_count=4, chunk_size=4)
    create_job(ports, job)
    errors = [TaskError(kind, "no", retryable=False) for kind in ("KeyError", "ValueError")]
    key = PartKey(job.id, 0, 1, 1)
    ends = [Outcome(i, 1, 0.0, 1.0, error=errors[i % 2]) for i in range(4)]
    ports.chunks.put_part(key, ends, origin=ORIGIN, expires_at=EXPIRES_AT)
    chunk = replace(
        a_chunk(job.id, size=4), statuses="FFFF", attempts=(1,) * 4, parts=(Part(1, 1, ((0, 4),)),)
    )
    selection = Selection(cause_of("noop", errors[1]).fingerprint)

    _job_control(ports).retry(job.tenant, job.id, selection)

    stored = ports.jobs.get(job.id)
    assert stored is not None
    assert stored.selection == selection
    assert positions_to_run(ports.chunks, stored, chunk) == [1, 3]


def test_a_deleted_job_is_in_no_list_and_its_id_stays_taken(ports: Ports) -> None:
    job, other = (replace(a_job(), tenant=fresh_id(), status=JobStatus.FAILED) for _ in range(2))
    other = replace(other, tenant=job.tenant, created_at=job.created_at + 1)
    for each in (job, other):
        create_job(ports, each)

    _job_control(ports).delete(job.tenant, job.id)

    for statuses in (frozenset[JobStatus](), frozenset({JobStatus.FAILED})):
        page = ports.jobs.page(job.tenant, JobFilter(statuses=statuses), limit=10, start=None)
        assert [each.id for each in page.jobs] == [other.id]
    assert not create_job(ports, job)
    _job_control(ports).delete(job.tenant, job.id)  # a repeat changes nothing
    with pytest.raises(JobNotFound):
        _job_control(ports).delete("another", job.id)


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry"])
@pytest.mark.parametrize("name", ["{job}#tally#0", "{job}#sums#1", "", "x", "{job}x", "x" * 3_000])
def test_the_key_of_another_row_is_not_a_job(ports: Ports, verb: str, name: str) -> None:
    job = a_job()
    create_job(ports, job)
    ports.jobs.create_tallies([Tally(job.id, 0, {})], expires_at=EXPIRES_AT)

    with pytest.raises(JobNotFound):
        getattr(_job_control(ports), verb)(job.tenant, name.format(job=job.id))

    assert ports.jobs.get(job.id) == job


def _job_control(ports: Ports) -> JobControl:
    flow_control = FlowControl(ports.jobs, ports.chunks, ports.windows, ports.queue)
    completion = Completion(
        ports.jobs, flow_control, ports.workflow, ports.clock, RecordingMetrics()
    )
    return JobControl(ports.jobs, ports.workflow, completion, flow_control, ports.clock)
