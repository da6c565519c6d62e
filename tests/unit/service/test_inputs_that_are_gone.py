"""Inputs whose object has expired, or was deleted: what is left of their tasks stays in sight."""

import pytest

from shoal.service.inputs import LINK_SECONDS, Inputs, Placed
from shoal.service.task_queries import TaskQueries
from tests.unit.service.shop import TENANT, Shop


@pytest.fixture
def emptied(shop: Shop) -> Shop:
    """A job of two tasks with inputs of their own, and a bucket without them."""
    before = shop.blobs.snapshot()
    shop.start(inputs=[{"size": 1}, {"size": 2}], task_type="sized", chunk_size=2)
    shop.blobs.restore(before)
    return shop


def test_their_tasks_are_shown_without(emptied: Shop) -> None:
    task_queries = TaskQueries(emptied.jobs, emptied.chunks, Inputs(emptied.blobs))

    task = task_queries.get(TENANT, f"{emptied.id}.1")

    assert (task.index, task.status, task.input) == (1, "PENDING", None)


def test_a_worker_is_told_where_they_were_so_that_these_tasks_fail_alone(emptied: Shop) -> None:
    lease = emptied.granted()

    assert isinstance(lease.own, Placed)
    assert lease.own.url.endswith(f"?read={LINK_SECONDS}")
