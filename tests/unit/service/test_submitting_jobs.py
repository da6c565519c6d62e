from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from shoal.domain.errors import (
    IdempotencyConflict,
    InputsNotFound,
    InvalidRequest,
    UnknownTaskType,
)
from shoal.domain.grid import Grid
from shoal.domain.job import JobStatus, Spec
from shoal.domain.job_filter import JobFilter
from shoal.ports.workflow import Execution, ExecutionStatus
from shoal.service.submission import fingerprint
from tests.unit.service.shop import TENANT, Shop


def untouched(shop: Shop) -> bool:
    """Whether nothing is stored and nothing runs."""
    stores = (shop.jobs, shop.chunks, shop.queue, shop.workflow, shop.blobs)
    return not any(rows for store in stores for rows in store.snapshot().values())


def test_a_job_is_stored_marked_and_started(shop: Shop) -> None:
    job = shop.submit(5)

    assert shop.job == job
    assert (job.status, job.task_count, job.generation) == (JobStatus.PENDING, 5, 1)
    assert [*shop.jobs.marked_open()] == [job.id]
    assert shop.workflow.describe(job.id, 1, 1) == Execution(ExecutionStatus.RUNNING)


def test_the_same_key_and_body_give_the_same_job(shop: Shop) -> None:
    first = shop.submit(5, key="k")

    again = shop.submit(5, key="k")

    assert again == first
    assert len(shop.jobs.page(TENANT, JobFilter(), limit=9, start=None).jobs) == 1


def test_the_same_key_with_another_body_conflicts(shop: Shop) -> None:
    first = shop.submit(5, key="k")

    with pytest.raises(IdempotencyConflict):
        shop.submit(6, key="k", body="another")

    assert shop.job == first


def test_a_repeat_starts_an_execution_that_never_began(shop: Shop) -> None:
    job = shop.submit(key="k")
    shop.workflow.restore({"_executions": {}})

    shop.submit(key="k")

    assert shop.workflow.describe(job.id, 1, 1) is not None


def test_without_a_key_each_submit_is_a_job(shop: Shop) -> None:
    assert shop.submit().id != shop.submit().id


def test_one_tenant_s_key_is_not_another_s(shop: Shop) -> None:
    mine = shop.submit(key="k")

    theirs = shop.submission.submit("other", mine.spec, key="k", fingerprint="body")

    assert theirs.job.id != mine.id
    assert not theirs.replayed


@pytest.mark.parametrize(
    ("error", "field", "ask"),
    [
        (UnknownTaskType, "task_type", lambda shop: shop.submit(task_type="nobody")),
        (InvalidRequest, "count", lambda shop: shop.submit(0)),
        (InvalidRequest, "count", lambda shop: shop.submit(1_000_001)),
        (InvalidRequest, "chunk_size", lambda shop: shop.submit(1_000_000, chunk_size=15)),
        (InvalidRequest, "deadline", lambda shop: shop.submit(deadline=shop.clock.now())),
        (InvalidRequest, "params", lambda shop: shop.submit(task_type="sized")),
        (InvalidRequest, "inputs", lambda shop: shop.submit(inputs=[])),
        (
            InvalidRequest,
            "inputs[1]",
            lambda shop: shop.submit(task_type="sized", inputs=[{"size": 1}, {"size": "x"}]),
        ),
        (
            InvalidRequest,
            "inputs_uri",
            lambda shop: shop.submit(inputs_uri="s3://inputs/uploads/other/x.jsonl"),
        ),
    ],
)
def test_a_refused_submit_stores_nothing(
    shop: Shop, error: type[InvalidRequest], field: str, ask: Callable[[Shop], object]
) -> None:
    with pytest.raises(error) as refused:
        ask(shop)

    assert [name for name, _ in refused.value.problems] == [field]
    assert untouched(shop)


def test_inputs_that_were_never_uploaded_are_not_found(shop: Shop) -> None:
    uri = shop.submission.upload(TENANT).uri

    with pytest.raises(InputsNotFound):
        shop.submit(inputs_uri=uri)

    assert untouched(shop)


def test_inline_inputs_reach_their_tasks(shop: Shop) -> None:
    shop.start(inputs=[{"size": n} for n in range(5)], task_type="sized", chunk_size=2)

    assert shop.granted(0).own == [{"size": 0}, {"size": 1}]
    assert shop.granted(2).own == [{"size": 4}]


def test_every_value_of_a_grid_is_checked(shop: Shop) -> None:
    spec = Spec(task_type="sized", source=Grid({"size": [1, 2, "three"]}))

    with pytest.raises(InvalidRequest, match="does not fit"):
        shop.submission.submit(TENANT, spec, key=None, fingerprint="f")


def test_fingerprints_follow_content_not_order() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint(json.loads('{"b": [2], "a": 1}'))
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
