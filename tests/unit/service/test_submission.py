from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from shoal.domain.errors import (
    IdempotencyConflict,
    InputsNotFound,
    InvalidRequest,
    LimitReached,
    UnknownTaskType,
)
from shoal.domain.grid import Grid
from shoal.domain.job import JobStatus, Spec
from shoal.domain.job_filter import JobFilter
from shoal.ports.workflow import Execution, ExecutionStatus
from shoal.service.admission import Admission
from shoal.service.submission import fingerprint
from tests.unit.service.service_harness import TENANT, ServiceHarness


def untouched(harness: ServiceHarness) -> bool:
    """Return whether no job is stored and no execution runs."""
    stores = (harness.jobs, harness.chunks, harness.queue, harness.workflow, harness.blobs)
    return not any(rows for store in stores for rows in store.snapshot().values())


def test_a_job_is_stored_watched_and_started(harness: ServiceHarness) -> None:
    job = harness.submit(5)

    assert harness.job == job
    assert (job.status, job.task_count, job.generation) == (JobStatus.PENDING, 5, 1)
    assert harness.jobs.watched == [job.id]
    assert harness.workflow.describe(job.id, 1, 1) == Execution(ExecutionStatus.RUNNING)


def test_the_same_key_and_body_give_the_same_job(harness: ServiceHarness) -> None:
    first = harness.submit(5, key="k")

    again = harness.submit(5, key="k")

    assert again == first
    assert len(harness.jobs.page(TENANT, JobFilter(), limit=9, start=None).jobs) == 1


def test_the_same_key_with_another_body_conflicts(harness: ServiceHarness) -> None:
    first = harness.submit(5, key="k")

    with pytest.raises(IdempotencyConflict):
        harness.submit(6, key="k", body="another")

    assert harness.job == first


def test_a_repeat_starts_the_execution_that_was_never_started(harness: ServiceHarness) -> None:
    job = harness.submit(key="k")
    harness.workflow.restore({"_executions": {}})

    harness.submit(key="k")

    assert harness.workflow.describe(job.id, 1, 1) is not None


def test_a_repeat_returns_the_job_after_its_deadline(harness: ServiceHarness) -> None:
    first = harness.submit(key="k", deadline=harness.clock.now() + 10.0)
    harness.clock.advance(20.0)

    assert harness.submit(key="k", deadline=first.spec.deadline) == first


def test_a_repeat_returns_the_job_that_took_the_last_place_at_the_same_time(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = harness.submit(key="k")
    get, reads = harness.jobs.get, iter([None])  # the first read is before the concurrent submit

    def limit_reached(*_args: object) -> None:
        raise LimitReached("jobs", "too many jobs", 1)

    monkeypatch.setattr(harness.jobs, "get", lambda job_id: next(reads, get(job_id)))
    monkeypatch.setattr(Admission, "admit", limit_reached)

    assert harness.submit(key="k") == first


def test_without_a_key_each_submit_creates_a_job(harness: ServiceHarness) -> None:
    assert harness.submit().id != harness.submit().id


def test_keys_of_different_tenants_are_independent(harness: ServiceHarness) -> None:
    mine = harness.submit(key="k")

    theirs = harness.submission.submit("other", mine.spec, key="k", fingerprint="body")

    assert theirs.job.id != mine.id
    assert not theirs.replayed


@pytest.mark.parametrize(
    ("error", "field", "ask"),
    [
        (UnknownTaskType, "task_type", lambda harness: harness.submit(task_type="nobody")),
        (InvalidRequest, "count", lambda harness: harness.submit(0)),
        (InvalidRequest, "count", lambda harness: harness.submit(1_000_001)),
        (InvalidRequest, "chunk_size", lambda harness: harness.submit(1_000_000, chunk_size=15)),
        (InvalidRequest, "deadline", lambda harness: harness.submit(deadline=harness.clock.now())),
        (InvalidRequest, "params", lambda harness: harness.submit(task_type="sized")),
        (InvalidRequest, "inputs", lambda harness: harness.submit(inputs=[])),
        (
            InvalidRequest,
            "inputs[1]",
            lambda harness: harness.submit(task_type="sized", inputs=[{"size": 1}, {"size": "x"}]),
        ),
        (
            InvalidRequest,
            "inputs_uri",
            lambda harness: harness.submit(inputs_uri="s3://inputs/uploads/other/x.jsonl"),
        ),
    ],
)
def test_a_refused_submit_stores_nothing(
    harness: ServiceHarness,
    error: type[InvalidRequest],
    field: str,
    ask: Callable[[ServiceHarness], object],
) -> None:
    with pytest.raises(error) as refused:
        ask(harness)

    assert [name for name, _ in refused.value.problems] == [field]
    assert untouched(harness)


def test_inputs_that_were_never_uploaded_are_not_found(harness: ServiceHarness) -> None:
    uri = harness.submission.upload(TENANT).uri

    with pytest.raises(InputsNotFound):
        harness.submit(inputs_uri=uri)

    assert untouched(harness)


def test_inline_inputs_reach_their_tasks(harness: ServiceHarness) -> None:
    harness.start(inputs=[{"size": n} for n in range(5)], task_type="sized", chunk_size=2)

    assert harness.granted(0).inputs == [{"size": 0}, {"size": 1}]
    assert harness.granted(2).inputs == [{"size": 4}]


def test_every_value_of_a_grid_is_checked(harness: ServiceHarness) -> None:
    spec = Spec(task_type="sized", source=Grid({"size": [1, 2, "three"]}))

    with pytest.raises(InvalidRequest, match="invalid input"):
        harness.submission.submit(TENANT, spec, key=None, fingerprint="f")


def test_fingerprints_follow_content_not_order() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint(json.loads('{"b": [2], "a": 1}'))
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
