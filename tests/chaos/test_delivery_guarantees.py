"""Delivery guarantees while workers are killed, drained and stopped.

`python -m bench deaths drains freezes long_tasks` runs the same at full size.
"""

from collections.abc import Iterator

import pytest

from local.workers import Workers
from tests.support.long_tasks import run_long_tasks
from tests.support.platform import Platform, running_platform, running_workers
from tests.support.worker_drains import DrainRun, drain_workers
from tests.support.worker_freezes import FreezeRun, freeze_workers
from tests.support.worker_kills import KillRun, kill_workers

pytestmark = pytest.mark.twin

LEASE = 3.0


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running_platform(lease_seconds=LEASE, wait_seconds=5) as made:
        yield made


@pytest.fixture
def workers(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Workers]:
    with running_workers(platform, 3, slots=1, team=f"{request.function.__name__[5:20]}-") as made:
        yield made


@pytest.mark.usefixtures("workers")
def test_tasks_five_times_longer_than_their_lease_run_once(platform: Platform) -> None:
    end = run_long_tasks(platform, tasks=3, chunk=1, seconds=5 * LEASE)

    assert end.findings == []
    assert end.executions == 3


def test_drained_workers_exit_in_time_and_no_task_runs_twice(
    platform: Platform, workers: Workers
) -> None:
    end = drain_workers(platform, workers, DrainRun(tasks=120, drains=4))

    assert end.findings == []
    assert end.executions == 120


def test_late_reports_of_stopped_workers_are_rejected(platform: Platform, workers: Workers) -> None:
    end = freeze_workers(platform, workers, FreezeRun(rounds=2))

    assert end.findings == []
    assert end.executions >= 2 * 2
    assert end.deleted == 0


def test_killed_workers_lose_no_task_and_only_running_tasks_run_again(
    platform: Platform, workers: Workers
) -> None:
    end = kill_workers(platform, workers, KillRun(tasks=120, kills=8))

    assert end.findings == []
    assert (end.completed, end.failed) == (120, 0)
