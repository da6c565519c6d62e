"""One job of 500 tasks, some of which misbehave in every known way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from local.workers import Workers
from tests.chaos.hostile_tasks import HOSTILE
from tests.support.platform import Platform, running_platform
from tests.twin.polling import Json, results

pytestmark = pytest.mark.twin

TASKS = 500
CHUNK = 25
EVERY = 8
"""Each eighth task is hostile: three per chunk, and each kind at least four times."""
TIMEOUT = 10.0
LATEST = TIMEOUT + 10.0
"""No hostile task runs longer, even on a busy machine."""

REASONS = {
    "raises": ("ValueError", "as requested"),
    "raises_system_exit": ("SystemExit", "enough"),
    "exits_immediately": ("WorkerChildDied", "exited with code 7"),
    "faults": ("WorkerChildDied", "SIGSEGV"),
    "kills_itself": ("WorkerChildDied", "SIGKILL"),
    "loops": ("Timeout", "timeout of 10 s"),
    "loops_and_ignores_signals": ("Timeout", "timeout of 10 s"),
    "allocates": ("MemoryError", "limit of 256 MB"),
    "floods": ("RuntimeError", "flooded"),
    "forks": ("RuntimeError", "forked"),
    "returns_a_function": ("NotJSON", "not JSON"),
    "returns_too_much": ("ResultTooLarge", "bytes"),
    "recurses": ("RecursionError", "recursion"),
    "closes_its_output": ("RuntimeError", "closed its output"),
    "leaves_home": ("RuntimeError", "left home"),
}


class HostileJob(NamedTuple):
    """The ended job, its tasks and results, and the workers before and after."""

    job: Json
    before: dict[str, int]
    after: dict[str, int]
    tasks: dict[int, Json]
    results: dict[int, Any]
    findings: list[str]


def how(index: int) -> str | None:
    kinds = list(HOSTILE)
    return kinds[index // EVERY % len(kinds)] if index % EVERY == 3 else None


@pytest.fixture(scope="module")
def outcome() -> Iterator[HostileJob]:
    here = (Path(__file__).parent,)
    with (
        running_platform(lease_seconds=4, wait_seconds=5) as platform,
        platform.twin.workers(slots=3, tasks="hostile_tasks", paths=here) as workers,
    ):
        for number in range(2):
            workers.start(f"w{number}")
        platform.await_types("hostile")
        yield run_hostile_job(platform, workers)


def run_hostile_job(platform: Platform, workers: Workers) -> HostileJob:
    before = pids(workers)
    inputs = [{} if how(index) is None else {"how": how(index)} for index in range(TASKS)]
    job_id = platform.submit(
        task_type="hostile",
        inputs=inputs,
        chunk_size=CHUNK,
        timeout=TIMEOUT,
        retry={"max_attempts": 1},
    )
    job = platform.ended(job_id, within=240)
    return HostileJob(
        job=job,
        before=before,
        after=pids(workers),
        tasks=tasks(platform, job_id),
        results=results(platform.users, job),
        findings=platform.checker.check(job_id),
    )


def pids(workers: Workers) -> dict[str, int]:
    """Return the process ids of the workers that are alive."""
    return {name: each.pid for name, each in workers.processes.items() if each.poll() is None}


def tasks(platform: Platform, job_id: str) -> dict[int, Json]:
    found: dict[int, Json] = {}
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = platform.users.get(f"/jobs/{job_id}/tasks", params=query).json()
        found |= {each["index"]: each for each in page["items"]}
        if page["next_token"] is None:
            return found
        query["next_token"] = page["next_token"]


@pytest.mark.parametrize("kind", HOSTILE)
def test_each_hostile_task_fails_in_time_with_its_reason(kind: str, outcome: HostileJob) -> None:
    error_type, words = REASONS[kind]
    those = [outcome.tasks[index] for index in range(TASKS) if how(index) == kind]

    assert len(those) >= 4
    for each in those:
        assert (each["status"], each["attempts"]) == ("FAILED", 1), json.dumps(each)
        assert each["error"]["type"] == error_type
        assert words in each["error"]["message"]
        assert each["duration"] < LATEST


def test_every_other_task_completes(outcome: HostileJob) -> None:
    harmless = [outcome.tasks[index] for index in range(TASKS) if how(index) is None]

    assert {each["status"] for each in harmless} == {"COMPLETED"}
    assert {each["attempts"] for each in harmless} == {1}
    assert outcome.job["counts"]["completed"] == len(harmless)
    assert outcome.job["counts"]["failed"] == TASKS - len(harmless)


def test_no_other_task_is_affected_by_a_hostile_task(outcome: HostileJob) -> None:
    parents = {each.pop("parent") for each in outcome.results.values()}

    assert {json.dumps(each) for each in outcome.results.values()} == {
        json.dumps({"same directory": True, "same environment": True, "no children": True})
    }
    assert len(parents) == len(outcome.before)  # the one fork server of each worker


def test_the_workers_survive(outcome: HostileJob) -> None:
    assert outcome.after == outcome.before


def test_the_consistency_check_finds_nothing(outcome: HostileJob) -> None:
    assert outcome.findings == []
