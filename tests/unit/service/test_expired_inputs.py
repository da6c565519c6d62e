"""Tests of tasks whose inputs have expired or were deleted: the tasks stay readable."""

import pytest

from shoal.service.inputs import LINK_SECONDS, Inputs, LinkedInputs
from shoal.service.task_queries import TaskQueries
from tests.unit.service.service_harness import TENANT, ServiceHarness


@pytest.fixture
def emptied(harness: ServiceHarness) -> ServiceHarness:
    """A job of two tasks whose inputs no longer exist in the bucket."""
    before = harness.blobs.snapshot()
    harness.start(inputs=[{"size": 1}, {"size": 2}], task_type="sized", chunk_size=2)
    harness.blobs.restore(before)
    return harness


def test_tasks_are_shown_without_expired_inputs(emptied: ServiceHarness) -> None:
    task_queries = TaskQueries(emptied.jobs, emptied.chunks, Inputs(emptied.blobs))

    task = task_queries.get(TENANT, f"{emptied.id}.1")

    assert (task.index, task.status, task.input) == (1, "PENDING", None)


def test_a_worker_gets_the_place_of_expired_inputs_so_that_only_these_tasks_fail(
    emptied: ServiceHarness,
) -> None:
    lease = emptied.granted()

    assert isinstance(lease.inputs, LinkedInputs)
    assert lease.inputs.url.endswith(f"?read={LINK_SECONDS}")
