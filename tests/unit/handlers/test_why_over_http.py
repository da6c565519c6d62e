"""Tests of the reasons for a status that come from rows and queues."""

from dataclasses import replace

import pytest

from shoal.domain.errors import Unavailable
from shoal.domain.job import Priority
from shoal.ports.queues import Message
from shoal.ports.workflow import Execution, ExecutionStatus
from tests.unit.handlers.http_calls import (
    Json,
    World,
    call,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
)

BOOM = {"type": "ValueError", "message": "no such key", "tail": "", "retryable": True}


def why(path: str) -> list[Json]:
    answer = call("GET", f"{path}/why")
    assert answer.status == 200, answer.text
    reasons: list[Json] = answer.json["reasons"]
    return reasons


def codes(path: str) -> list[str]:
    return [reason["code"] for reason in why(path)]


def test_an_unplanned_job_is_being_planned() -> None:
    job = submit(count=2)

    assert codes(f"/jobs/{job}") == codes(f"/tasks/{job}.0") == ["planning"]


def test_the_backlog_of_its_priority_and_of_higher_ones_is_ahead(world: World) -> None:
    for priority, number in ((Priority.HIGH, 7), (Priority.NORMAL, 5), (Priority.LOW, 3)):
        messages = [Message("other", n) for n in range(number)]
        world.queue.send(priority, messages, tenant="default")
    job = submit(count=4, chunk_size=2)
    start(job)

    (reason,) = why(f"/jobs/{job}")

    assert reason["code"] == "queued"
    assert reason["facts"]["chunks_ahead"] == 12
    assert reason["facts"]["tasks_ahead"] == 24
    assert reason["facts"]["estimated"] is True


def test_a_full_window_is_named_for_the_job_and_for_a_task_outside_it() -> None:
    job = submit(count=6, chunk_size=1, max_parallelism=2)
    start(job)
    for number in range(2):
        lease(job, number)

    assert why(f"/jobs/{job}")[0]["facts"] == {"max_parallelism": 2, "waiting_chunks": 4}
    assert codes(f"/tasks/{job}.0") == ["running"]
    assert codes(f"/tasks/{job}.5") == ["window_full"]


def test_a_window_that_advanced_includes_the_next_task() -> None:
    job = submit(count=3, chunk_size=1, max_parallelism=2)
    start(job)
    report(lease(job), [outcome(0)])

    assert codes(f"/tasks/{job}.2") == ["queued"]
    assert "window_full" not in codes(f"/jobs/{job}")


def test_a_task_that_failed_is_retried_at_a_time_because_of_its_error() -> None:
    job = submit(count=1, retry={"max_attempts": 3, "backoff": 60.0})
    start(job)
    report(lease(job), [outcome(0, error=BOOM)])

    (reason,) = why(f"/tasks/{job}.0")

    assert reason["code"] == "retry_at"
    assert "attempt 1 failed: ValueError: no such key" in reason["sentence"]
    assert reason["facts"]["retry_at"].endswith("Z")
    assert codes(f"/jobs/{job}") == ["retry_at"]


def test_a_worker_whose_lease_lapsed_is_silent(world: World) -> None:
    job = submit(count=1)
    start(job)
    lease(job)

    world.clock.advance(61.0)

    assert codes(f"/jobs/{job}")[0] == codes(f"/tasks/{job}.0")[0] == "worker_silent"


def test_an_execution_that_failed_is_named(world: World) -> None:
    job = submit(count=1)
    start(job)
    died = Execution(ExecutionStatus.FAILED, world.clock.now(), error="States.Runtime")
    world.workflow.end(job, 1, 1, died)

    reason = why(f"/jobs/{job}")[0]

    assert (reason["code"], reason["facts"]["error"]) == ("execution_failed", "States.Runtime")


def test_a_task_type_that_is_no_longer_registered_is_named(world: World) -> None:
    job = submit(count=1)
    row = world.jobs.get(job)
    assert row is not None
    gone = replace(row.spec, task_type="gone")
    world.jobs.put(replace(row, spec=gone, version=row.version + 1))

    assert codes(f"/jobs/{job}") == ["no_worker_for_type", "planning"]


def test_a_paused_job_is_drained_once_nothing_is_in_flight() -> None:
    job = submit(count=2, chunk_size=1)
    start(job)
    taken = lease(job)
    call("POST", f"/jobs/{job}/pause")

    before = why(f"/jobs/{job}")[0]
    report(taken, [outcome(0)])
    after = why(f"/jobs/{job}")[0]

    assert (before["code"], before["facts"]["drained"]) == ("paused", False)
    assert (after["code"], after["facts"]["drained"]) == ("paused", True)


def test_an_ended_job_has_its_final_status_as_reason() -> None:
    job = submit(count=1)
    start(job)
    run(job)

    assert codes(f"/jobs/{job}") == codes(f"/tasks/{job}.0") == ["completed"]


def test_unknown_jobs_and_tasks_are_404() -> None:
    missing = "job_01K00000000000000000000000"

    assert call("GET", f"/jobs/{missing}/why").status == 404
    assert call("GET", f"/tasks/{missing}.0/why").status == 404


def test_jobs_and_tasks_of_another_tenant_are_404(world: World) -> None:
    job = submit(count=1)
    start(job)
    row = world.jobs.get(job)
    assert row is not None
    world.jobs.put(replace(row, tenant="other", version=row.version + 1))

    assert call("GET", f"/jobs/{job}/why").status == 404
    assert call("GET", f"/tasks/{job}.0/why").status == 404


def test_queues_show_their_depths(world: World) -> None:
    world.queue.send(Priority.HIGH, [Message("j", 0), Message("j", 1, 30)], tenant="default")

    first, *rest = call("GET", "/queues").json["items"]

    assert first == {
        "priority": "high",
        "waiting": 1,
        "in_flight": 0,
        "delayed": 1,
        "oldest_age": None,
    }
    assert [each["priority"] for each in rest] == ["normal", "low"]


def test_queues_show_the_age_of_the_oldest_waiting_message(world: World) -> None:
    world.ages.known = dict.fromkeys(Priority, 12.0)
    world.queue.send(Priority.HIGH, [Message("j", 0)], tenant="default")
    world.queue.send(Priority.LOW, [Message("j", 1, 30)], tenant="default")

    high, normal, low = call("GET", "/queues").json["items"]

    assert high["oldest_age"] == 12.0
    assert (normal["oldest_age"], low["oldest_age"]) == (None, None)


def test_queues_are_shown_without_ages_if_these_are_unavailable(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.ages.fault = Unavailable("CloudWatch is unavailable")
    world.queue.send(Priority.HIGH, [Message("j", 0)], tenant="default")

    answer = call("GET", "/queues")

    assert answer.status == 200
    assert (answer.json["items"][0]["waiting"], answer.json["items"][0]["oldest_age"]) == (1, None)
    assert "CloudWatch is unavailable" in capsys.readouterr().out
