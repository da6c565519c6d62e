import pytest

from shoal.domain.retry import RetryPolicy
from shoal.ports.task_types import TaskType
from tests.unit.handlers.http_calls import World, call, submit


def test_a_submitted_job_has_a_location_and_is_started(world: World) -> None:
    answer = call("POST", "/jobs", {"task_type": "noop", "count": 10, "name": "nightly"})

    job = answer.json
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}" == job["links"]["self"]
    assert (job["status"], job["task_count"], job["counts"]["pending"]) == ("PENDING", 10, 10)
    assert world.workflow.describe(job["id"], 1, 1) is not None


def test_a_repeated_key_and_body_return_the_same_job_as_replayed() -> None:
    body, key = {"task_type": "noop", "count": 3}, {"Idempotency-Key": "nightly-1"}
    first = call("POST", "/jobs", body, headers=key)

    second = call("POST", "/jobs", body, headers=key)

    assert (first.status, second.status) == (201, 201)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json == first.json


def test_the_same_key_with_another_body_is_a_conflict() -> None:
    key = {"Idempotency-Key": "nightly-1"}
    call("POST", "/jobs", {"task_type": "noop", "count": 3}, headers=key)

    answer = call("POST", "/jobs", {"task_type": "noop", "count": 4}, headers=key)

    assert answer.status == 409
    assert answer.json["type"] == "urn:shoal:problem:idempotency-conflict"


def test_a_body_in_base64_is_read() -> None:
    answer = call("POST", "/jobs", {"task_type": "noop", "count": 1}, encoded=True)

    assert answer.status == 201


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"grid": {"lr": [0.1, 0.01], "seed": {"range": [0, 100]}}}, 200),
        ({"grid": {"seed": {"range": [10, 0, -2]}}}, 5),
        ({"inputs": [{"size": 64}, {"size": 65}]}, 2),
        ({"count": 1_000_000}, 1_000_000),
    ],
)
def test_tasks_are_defined_by_count_grid_or_inputs(fields: dict[str, object], count: int) -> None:
    job = call("GET", f"/jobs/{submit(**fields)}").json

    assert job["task_count"] == count


def test_uploaded_inputs_are_submitted_by_their_uri(world: World) -> None:
    upload = call("POST", "/inputs").json
    key = world.blobs.key_of(upload["inputs_uri"])
    assert key is not None
    world.blobs.put(key, b'{"size": 1}\n')

    answer = call("POST", "/jobs", {"task_type": "sized", "inputs_uri": upload["inputs_uri"]})

    assert (answer.status, answer.json["task_count"]) == (201, None)


def test_all_submitted_fields_are_returned() -> None:
    asked = {
        "task_type": "noop",
        "name": "nightly",
        "count": 5,
        "chunk_size": 2,
        "priority": "high",
        "max_parallelism": 3,
        "timeout": 12.5,
        "retry": {
            "max_attempts": 3,
            "backoff": 0.5,
            "factor": 3.0,
            "max_delay": 60.0,
            "non_retryable": ["ValueError"],
        },
        "deadline": "2027-02-01T02:00:00+02:00",
        "max_failed": 1,
        "tags": {"team": "ml"},
    }

    job = call("POST", "/jobs", asked).json

    shown = {name: job[name] for name in asked if name not in {"count", "chunk_size"}}
    expected = {name: value for name, value in asked.items() if name in shown}
    assert shown == {**expected, "deadline": "2027-02-01T00:00:00.000Z"}


@pytest.mark.parametrize(
    ("asked", "registered", "holds"),
    [(7.0, 60.0, 7.0), (None, 60.0, 60.0), (None, None, 300.0)],
)
def test_the_timeout_is_from_the_user_or_the_type_or_five_minutes(
    world: World, asked: float | None, registered: float | None, holds: float
) -> None:
    world.types.register(TaskType("noop", {}, timeout=registered))

    job = submit(count=1, timeout=asked)

    assert call("GET", f"/jobs/{job}").json["timeout"] == holds


@pytest.mark.parametrize(
    ("asked", "registered", "holds"),
    [({"max_attempts": 2}, RetryPolicy(5), 2), (None, RetryPolicy(5), 5), (None, None, 1)],
)
def test_the_retry_policy_is_from_the_user_or_the_type_or_one_attempt(
    world: World, asked: dict[str, int] | None, registered: RetryPolicy | None, holds: int
) -> None:
    world.types.register(TaskType("noop", {}, retry=registered))

    job = submit(count=1, retry=asked)

    assert call("GET", f"/jobs/{job}").json["retry"]["max_attempts"] == holds
