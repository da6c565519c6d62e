"""The whole platform on the emulator while workers are killed and frozen and users act.

`python -m bench kills` runs the kills at full size: 2,000 tasks and 20 kills for each chunk size.
"""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.workers import Workers
from tests.support.disruption import LEASE, WORKERS, Disruption, disrupt
from tests.support.platform import Platform, running_platform, running_workers

pytestmark = pytest.mark.twin


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running_platform(lease_seconds=LEASE, wait_seconds=5) as made:
        yield made


@pytest.fixture(scope="module")
def workers(platform: Platform) -> Iterator[Workers]:
    with running_workers(platform, WORKERS, slots=4) as made:
        yield made


def under_load(platform: Platform, job_id: str, *, completed: int) -> dict[str, Any]:
    """Wait until at least `completed` tasks have completed."""
    for _ in range(600):
        job = platform.job(job_id)
        if job["counts"]["completed"] >= completed:
            return job
        time.sleep(0.1)
    raise TimeoutError(f"{platform.job(job_id)}")


def ask(platform: Platform, job_id: str, verb: str) -> None:
    answer = platform.users.post(f"/jobs/{job_id}/{verb}")
    assert answer.is_success, answer.text


def test_killed_and_frozen_workers_lose_no_task(platform: Platform, workers: Workers) -> None:
    end = disrupt(
        platform, workers, Disruption(tasks=400, chunk=25, kills=6, freezes=1, late_chunks=3)
    )

    assert end.findings == []
    assert end.rejected > 0
    assert end.completed + end.given_up == 400
    assert end.completed >= 400 - 10 // 3  # three deaths in a row give one task up


@pytest.mark.usefixtures("workers")
def test_a_job_retried_under_load_is_consistent(platform: Platform) -> None:
    job_id = platform.submit(
        task_type="flaky", count=2_000, chunk_size=25, params={"probability": 0.5}
    )
    assert platform.ended(job_id)["status"] == "FAILED"

    ask(platform, job_id, "retry")
    job = platform.ended(job_id, generation=2)

    assert job["counts"]["completed"] > 0
    assert platform.checker.check(job_id) == []


@pytest.mark.usefixtures("workers")
def test_a_paused_job_makes_no_progress_until_it_is_resumed(platform: Platform) -> None:
    job_id = platform.submit(task_type="sleepy", count=400, chunk_size=5)
    under_load(platform, job_id, completed=20)

    ask(platform, job_id, "pause")
    time.sleep(2 * LEASE)
    before = platform.job(job_id)["counts"]["completed"]
    time.sleep(LEASE)
    still = platform.job(job_id)["counts"]["completed"]
    ask(platform, job_id, "resume")
    job = platform.ended(job_id)

    assert before == still < 400
    assert (job["status"], job["counts"]["completed"]) == ("COMPLETED", 400)
    assert platform.checker.check(job_id) == []


@pytest.mark.usefixtures("workers")
def test_a_job_cancelled_under_load_is_consistent(platform: Platform) -> None:
    job_id = platform.submit(task_type="sleepy", count=2_000, chunk_size=25)
    under_load(platform, job_id, completed=20)

    ask(platform, job_id, "cancel")
    job = platform.ended(job_id)

    assert job["status"] == "CANCELLED"
    assert job["counts"]["completed"] + job["counts"]["cancelled"] == 2_000
    assert platform.checker.check(job_id) == []


@pytest.mark.usefixtures("workers")
def test_no_task_is_lost_while_aws_is_unavailable(platform: Platform) -> None:
    job_id = platform.submit(task_type="sleepy", count=300, chunk_size=10)
    under_load(platform, job_id, completed=20)
    assert platform.emulator.process is not None

    os.kill(platform.emulator.process.pid, signal.SIGSTOP)
    time.sleep(4 * LEASE)
    os.kill(platform.emulator.process.pid, signal.SIGCONT)
    job = platform.ended(job_id)

    assert (job["status"], job["counts"]["completed"]) == ("COMPLETED", 300)
    assert platform.checker.check(job_id) == []
