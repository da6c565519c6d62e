"""Tests of dead letters as their tenant reads them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from handlers import dead_letters
from shoal.domain.errors import WriteConflict
from tests.unit.handlers.http_calls import (
    Json,
    World,
    acknowledge,
    call,
    lease,
    run,
    start,
    submit,
    user,
)


def bury(job: str, *chunks: int, receives: int = 4) -> None:
    """Deliver messages of these chunks through the dead-letter queue."""
    records = [
        {
            "messageId": f"m{chunk}",
            "body": json.dumps({"job": job, "chunk": chunk}),
            "attributes": {"ApproximateReceiveCount": str(receives)},
        }
        for chunk in chunks
    ]
    assert dead_letters.handler({"Records": records}, None) == {"batchItemFailures": []}


def of_job(job: str, **how: Any) -> list[Json]:
    answer = call("GET", f"/jobs/{job}/dead-letters", **how)
    assert answer.status == 200, answer.text
    items: list[Json] = answer.json["items"]
    return items


def waiting(_: World, job: str) -> None:
    del job


def ended(_: World, job: str) -> None:
    run(job)


def cancelled(_: World, job: str) -> None:
    call("POST", f"/jobs/{job}/cancel")


def paused(_: World, job: str) -> None:
    call("POST", f"/jobs/{job}/pause")


def held(_: World, job: str) -> None:
    lease(job)


def died(world: World, job: str) -> None:
    acknowledge(lease(job), 0)
    world.clock.advance(61)
    lease(job, request="request-2")
    world.clock.advance(61)


@pytest.mark.parametrize(
    ("happened", "cause"),
    [
        (waiting, "UNFINISHED"),
        (ended, "CHUNK_ENDED"),
        (cancelled, "JOB_ENDED"),
        (paused, "PAUSED"),
        (held, "HELD"),
        (died, "WORKER_DIED"),
    ],
)
def test_the_cause_is_the_state_of_the_chunk(
    world: World, happened: Callable[[World, str], None], cause: str
) -> None:
    job = submit(count=4, chunk_size=2)
    start(job)
    happened(world, job)

    bury(job, 0)

    (found,) = of_job(job)
    assert (found["cause"], found["count"], found["receives"]) == (cause, 1, 4)
    assert found["sentence"]


def test_dead_letters_of_one_cause_are_counted_with_three_examples(world: World) -> None:
    job = submit(count=10, chunk_size=2)
    start(job)
    bury(job, 0, receives=4)
    world.clock.advance(60)
    bury(job, 1, 1, 2, 3, 4, receives=6)

    (found,) = of_job(job)

    assert (found["count"], found["receives"]) == (6, 6)
    assert [each["task_id"] for each in found["examples"]] == [f"{job}.0", f"{job}.2", f"{job}.4"]
    assert (found["first_at"], found["last_at"]) == (
        "2027-01-15T08:00:00.000Z",
        "2027-01-15T08:01:00.000Z",
    )
    assert found["links"]["retry"] == f"/api/v1/jobs/{job}/retry"


def test_dead_letters_are_listed_newest_first_page_by_page(world: World) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(submit(count=1))
        start(jobs[-1])
        bury(jobs[-1], 0)
        world.clock.advance(1)

    first = call("GET", "/dead-letters", query="limit=2").json
    rest = call("GET", "/dead-letters", query=f"limit=2&next_token={first['next_token']}").json

    assert [each["job_id"] for each in (*first["items"], *rest["items"])] == jobs[::-1]
    assert rest["next_token"] is None


def test_dead_letters_of_another_tenant_do_not_exist() -> None:
    job = submit(count=1)
    start(job)
    bury(job, 0)

    stranger = user("other")

    assert call("GET", "/dead-letters", claims=stranger).json["items"] == []
    assert call("GET", f"/jobs/{job}/dead-letters", claims=stranger).status == 404


def test_the_alarm_counts_each_message_also_unknown_ones(world: World) -> None:
    records = [{"messageId": "m", "body": "not ours"}]

    dead_letters.handler({"Records": records}, None)
    bury("job_01J00000000000000000000000", 0)

    assert world.metrics.other == {"dead_letters": 2}
    assert call("GET", "/dead-letters").json["items"] == []


def test_a_write_conflict_is_retried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = submit(count=4, chunk_size=2)
    start(job)
    put, lost = world.dead_letters.put, list[Mapping[str, Any]]()

    def late(letters: Any) -> None:
        if not lost:
            lost.append({})
            put(letters)
            raise WriteConflict(job)
        put(letters)

    monkeypatch.setattr(world.dead_letters, "put", late)

    bury(job, 0)

    assert [each["count"] for each in of_job(job)] == [2]


def test_a_page_that_does_not_exist_is_refused() -> None:
    assert call("GET", "/dead-letters", query="next_token=AAAA").status == 422
