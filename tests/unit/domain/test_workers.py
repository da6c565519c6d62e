from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.domain.workers import Worker, WorkerStatus

NOW = 1_800_000_000.0
WORKER = Worker(name="w", types=("cpu",), seen_at=NOW, started_at=NOW, every=60.0)


@pytest.mark.parametrize(
    ("worker", "later", "status"),
    [
        (WORKER, 0.0, "alive"),
        (WORKER, 180.0, "alive"),
        (WORKER, 180.5, "silent"),
        (replace(WORKER, left=True), 0.0, "left"),
        (replace(WORKER, left=True), 900.0, "left"),
        (replace(WORKER, every=None), 900.0, "unknown"),
        (replace(WORKER, every=None, left=True), 900.0, "left"),
    ],
)
def test_presence_is_what_a_worker_promised_and_kept(
    worker: Worker, later: float, status: str
) -> None:
    assert worker.status(NOW + later) is WorkerStatus(status)


@given(st.permutations([(run, number) for run in range(3) for number in range(1, 4)]))
def test_the_latest_report_is_kept_in_any_order_of_arrival(
    order: list[tuple[int, int]],
) -> None:
    known: Worker | None = None
    for run, number in order:
        said = replace(WORKER, started_at=NOW + run, number=number)
        known = said if said.follows(known) else known

    assert known is not None
    assert (known.started_at, known.number) == (NOW + 2, 3)
