"""Inputs whose object has expired, or was deleted: what is left of their tasks stays in sight."""

import pytest

from shoal.service.inputs import LINK_SECONDS, Inputs, LinkedInputs
from shoal.service.task_queries import TaskQueries
from tests.unit.service.service_harness import TENANT, ServiceHarness


@pytest.fixture
def emptied(harness: ServiceHarness) -> ServiceHarness:
    """A job of two tasks with inputs of their own, and a bucket without them."""
    before = harness.blobs.snapshot()
    harness.start(inputs=[{"size": 1}, {"size": 2}], task_type="sized", chunk_size=2)
    harness.blobs.restore(before)
    return harness


def test_their_tasks_are_shown_without(emptied: ServiceHarness) -> None:
    task_queries = TaskQueries(emptied.jobs, emptied.chunks, Inputs(emptied.blobs))

    task = task_queries.get(TENANT, f"{emptied.id}.1")

    assert (task.index, task.status, task.input) == (1, "PENDING", None)


def test_a_worker_is_told_where_they_were_so_that_these_tasks_fail_alone(
    emptied: ServiceHarness,
) -> None:
    lease = emptied.granted()

    assert isinstance(lease.inputs, LinkedInputs)
    assert lease.inputs.url.endswith(f"?read={LINK_SECONDS}")
