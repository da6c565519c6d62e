"""The whole platform on the emulator, with workers killed and frozen and users in the middle.

`python -m bench kills` does the kills at full size: 2,000 tasks and 20 kills for each chunk size.
"""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bench.kills import LEASE, WORKERS, Havoc, wreak
from bench.stand import Stand, crew, stand
from local.workers import Workers

pytestmark = pytest.mark.twin


@pytest.fixture(scope="module")
def at() -> Iterator[Stand]:
    with stand(lease_seconds=LEASE, wait_seconds=5) as made:
        yield made


@pytest.fixture(scope="module")
def workers(at: Stand) -> Iterator[Workers]:
    with crew(at, WORKERS, slots=4) as made:
        yield made


def under_load(at: Stand, job_id: str, *, completed: int) -> dict[str, Any]:
    """Wait until so many tasks have completed and others have not."""
    for _ in range(600):
        job = at.job(job_id)
        if job["counts"]["completed"] >= completed:
            return job
        time.sleep(0.1)
    raise TimeoutError(f"{at.job(job_id)}")


def ask(at: Stand, job_id: str, verb: str) -> None:
    answer = at.users.post(f"/jobs/{job_id}/{verb}")
    assert answer.is_success, answer.text


def test_killed_and_frozen_workers_lose_no_task(at: Stand, workers: Workers) -> None:
    end = wreak(at, workers, Havoc(tasks=400, chunk=25, kills=6, freezes=1, zombies=3))

    assert end.findings == []
    assert end.refused > 0
    assert end.completed + end.given_up == 400
    assert end.completed >= 400 - 10 // 3  # three deaths in a row give one task up


@pytest.mark.usefixtures("workers")
def test_a_failed_job_retried_under_load_is_sound(at: Stand) -> None:
    job_id = at.submit(task_type="flaky", count=2_000, chunk_size=25, params={"probability": 0.5})
    assert at.ended(job_id)["status"] == "FAILED"

    ask(at, job_id, "retry")
    job = at.ended(job_id, generation=2)

    assert job["counts"]["completed"] > 0
    assert at.checker.check(job_id) == []


@pytest.mark.usefixtures("workers")
def test_a_paused_job_stands_and_goes_on_when_resumed(at: Stand) -> None:
    job_id = at.submit(task_type="sleepy", count=400, chunk_size=5)
    under_load(at, job_id, completed=20)

    ask(at, job_id, "pause")
    time.sleep(2 * LEASE)
    before = at.job(job_id)["counts"]["completed"]
    time.sleep(LEASE)
    still = at.job(job_id)["counts"]["completed"]
    ask(at, job_id, "resume")
    job = at.ended(job_id)

    assert before == still < 400
    assert (job["status"], job["counts"]["completed"]) == ("COMPLETED", 400)
    assert at.checker.check(job_id) == []


@pytest.mark.usefixtures("workers")
def test_a_job_cancelled_under_load_is_sound(at: Stand) -> None:
    job_id = at.submit(task_type="sleepy", count=2_000, chunk_size=25)
    under_load(at, job_id, completed=20)

    ask(at, job_id, "cancel")
    job = at.ended(job_id)

    assert job["status"] == "CANCELLED"
    assert job["counts"]["completed"] + job["counts"]["cancelled"] == 2_000
    assert at.checker.check(job_id) == []


@pytest.mark.usefixtures("workers")
def test_nothing_is_lost_while_all_of_aws_is_away(at: Stand) -> None:
    job_id = at.submit(task_type="sleepy", count=300, chunk_size=10)
    under_load(at, job_id, completed=20)
    assert at.emulator.process is not None

    os.kill(at.emulator.process.pid, signal.SIGSTOP)
    time.sleep(4 * LEASE)
    os.kill(at.emulator.process.pid, signal.SIGCONT)
    job = at.ended(job_id)

    assert (job["status"], job["counts"]["completed"]) == ("COMPLETED", 300)
    assert at.checker.check(job_id) == []
