"""What workers promise while they are killed, drained and stopped, in small.

`python -m bench deaths drains freezes long_tasks` does the same at full size.
"""

from collections.abc import Iterator

import pytest

from bench.deaths import Deaths, massacre
from bench.drains import Drained, drain
from bench.freezes import Freezes, freeze
from bench.long_tasks import run_long
from bench.stand import Stand, crew, stand
from local.workers import Workers

pytestmark = pytest.mark.twin

LEASE = 3.0


@pytest.fixture(scope="module")
def at() -> Iterator[Stand]:
    with stand(lease_seconds=LEASE, wait_seconds=5) as made:
        yield made


@pytest.fixture
def workers(at: Stand, request: pytest.FixtureRequest) -> Iterator[Workers]:
    with crew(at, 3, slots=1, team=f"{request.function.__name__[5:20]}-") as made:
        yield made


@pytest.mark.usefixtures("workers")
def test_tasks_five_times_longer_than_their_lease_run_once(at: Stand) -> None:
    end = run_long(at, tasks=3, chunk=1, seconds=5 * LEASE)

    assert end.findings == []
    assert end.executions == 3


def test_drained_workers_leave_in_time_and_no_task_runs_twice(at: Stand, workers: Workers) -> None:
    end = drain(at, workers, Drained(tasks=120, drains=4))

    assert end.findings == []
    assert end.executions == 120


def test_late_reports_of_stopped_workers_are_refused(at: Stand, workers: Workers) -> None:
    end = freeze(at, workers, Freezes(rounds=2))

    assert end.findings == []
    assert end.executions >= 2 * 2
    assert end.deleted == 0


def test_killed_workers_lose_nothing_and_run_no_more_than_they_had(
    at: Stand, workers: Workers
) -> None:
    end = massacre(at, workers, Deaths(tasks=120, kills=8))

    assert end.findings == []
    assert (end.completed, end.failed) == (120, 0)
