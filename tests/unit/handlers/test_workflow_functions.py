import json

import pytest

from handlers import (
    create_tasks,
    dead_letters,
    enqueue_tasks,
    execution_ended,
    fail_job,
    monitor_completion,
    plan_tasks,
    sweep,
    wait_and_retry,
)
from shoal import bootstrap
from shoal.domain.errors import Unavailable
from shoal.ports.queues import Message
from shoal.ports.workflow import Execution, ExecutionStatus
from tests.unit.handlers.http_calls import World, call, lease, new_world, run, start, submit


def test_a_plan_returns_ranges_of_chunks() -> None:
    job = submit(count=1_200, chunk_size=1)

    planned = plan_tasks.handler({"job": job, "generation": 1, "n": 1}, None)

    assert planned == {
        "ranges": [
            {"first": 0, "count": 500},
            {"first": 500, "count": 500},
            {"first": 1_000, "count": 200},
        ]
    }


def test_a_successor_has_nothing_to_create() -> None:
    job = submit(count=3)
    start(job)

    assert plan_tasks.handler({"job": job, "generation": 1, "n": 2}, None) == {"ranges": []}


def test_a_range_is_created_and_enqueued(world: World) -> None:
    job = submit(count=10, chunk_size=2)
    plan_tasks.handler({"job": job, "generation": 1, "n": 1}, None)
    given = {"job": job, "generation": 1, "first": 0, "count": 5}

    create_tasks.handler(given, None)
    enqueue_tasks.handler(given, None)

    assert world.queue.take() == [Message(job, number) for number in range(5)]
    assert [chunk.size for chunk in world.chunks.get_many(job, range(9))] == [2] * 5


def test_the_monitor_passes_its_state_to_the_next_pass() -> None:
    job = submit(count=1)
    start(job)
    given = {"job": job, "generation": 1, "n": 1}

    first = monitor_completion.handler({**given, "passes": 0, "seen": {}}, None)
    second = monitor_completion.handler({**given, **json.loads(json.dumps(first))}, None)

    assert (first["decision"], first["passes"], first["seen"]["quiet"]) == ("wait", 1, 0)
    assert (second["decision"], second["passes"], second["seen"]["quiet"]) == ("wait", 2, 1)


def test_the_monitor_returns_the_outcome_of_a_job() -> None:
    job = submit(count=1)
    start(job)
    run(job)

    verdict = monitor_completion.handler(
        {"job": job, "generation": 1, "n": 1, "passes": 4, "seen": {}}, None
    )

    assert (verdict["decision"], verdict["reason"]) == ("completed", None)


def test_the_token_of_a_waiting_execution_is_answered_when_the_job_changes(world: World) -> None:
    job = submit(count=1)
    start(job)

    wait_and_retry.handler({"job": job, "generation": 1, "token": "t-1"}, None)
    before = world.workflow.answered("t-1")
    run(job)

    assert (before, world.workflow.answered("t-1")) == (False, True)


def test_a_broken_workflow_fails_its_job_with_only_the_name_of_the_error() -> None:
    job = submit(count=1)

    answer = fail_job.handler(
        {"job": job, "generation": 1, "cause": 'Boom: {"stackTrace": []}'}, None
    )

    body = call("GET", f"/jobs/{job}").json
    assert answer == {"status": "FAILED"}
    assert body["reason"] == "the workflow failed: Boom"


def test_an_unavailable_dependency_raises_the_error_that_the_workflow_retries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(count=1)

    def away(job_id: str) -> None:
        raise Unavailable(job_id)

    monkeypatch.setattr(world.jobs, "get", away)

    with pytest.raises(Unavailable):
        plan_tasks.handler({"job": job, "generation": 1, "n": 1}, None)


def _letters(*bodies: str) -> dict[str, object]:
    return {
        "Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)],
    }


def test_a_dead_letter_is_sent_again_and_never_fails_a_task(world: World) -> None:
    job = submit(count=1)
    start(job)
    world.queue.take()

    answer = dead_letters.handler(_letters(json.dumps({"job": job, "chunk": 0})), None)

    assert answer == {"batchItemFailures": []}
    assert world.queue.take() == [Message(job, 0)]


def test_an_unknown_dead_letter_is_dropped_and_the_others_are_handled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = submit(count=1), submit(count=1)
    start(good)
    world.queue.take()
    found = world.jobs.get

    def away(job_id: str) -> object:
        if job_id == bad:
            raise Unavailable(job_id)
        return found(job_id)

    monkeypatch.setattr(world.jobs, "get", away)
    letters = _letters(
        "not JSON",
        "[]",
        '{"job": 1}',
        json.dumps({"job": bad, "chunk": 0}),
        json.dumps({"job": good, "chunk": 0}),
    )

    answer = dead_letters.handler(letters, None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m3"}]}
    assert world.queue.take() == [Message(good, 0)]


def test_an_execution_that_died_is_followed_by_another(world: World) -> None:
    job = submit(count=1)
    world.workflow.end(job, 1, 1, Execution(ExecutionStatus.FAILED, stopped_at=0.0))

    execution_ended.handler({"detail": {"name": f"{job}-1-1", "status": "FAILED"}}, None)

    assert world.workflow.describe(job, 1, 2) is not None


def test_an_unknown_execution_is_ignored(world: World) -> None:
    before = world.workflow.snapshot()

    execution_ended.handler({"detail": {"name": "by-hand", "status": "FAILED"}}, None)

    assert world.workflow.snapshot() == before


def test_the_sweep_recovers_every_open_job(world: World) -> None:
    job, running = submit(count=1), submit(count=1)
    world.workflow.end(job, 1, 1, Execution(ExecutionStatus.ABORTED, stopped_at=0.0))

    assert sweep.handler({}, None) == {"watched": 2, "failed": 0}
    assert world.workflow.describe(job, 1, 2) is not None
    assert world.workflow.describe(running, 1, 2) is None


def test_use_cases_are_cached_until_other_adapters_are_used() -> None:
    first = bootstrap.leasing()
    same = bootstrap.leasing()
    bootstrap.use(new_world())

    assert first is same
    assert bootstrap.leasing() is not first
    assert lease("job_00000000000000000000000000")["decision"] == "cancelled"
