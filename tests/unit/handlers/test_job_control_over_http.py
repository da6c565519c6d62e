import pytest

from shoal.domain.errors import Unavailable
from tests.unit.handlers.http_calls import World, call, lease, outcome, report, run, start, submit

FAULT = {"type": "ValueError", "message": "no", "tail": "", "retryable": False}


@pytest.mark.parametrize(
    ("verb", "shown"),
    [("cancel", {"ending": "CANCELLED"}), ("pause", {"paused": True})],
)
def test_a_repeated_verb_is_accepted(verb: str, shown: dict[str, object]) -> None:
    job = submit(count=2)
    start(job)

    answers = [call("POST", f"/jobs/{job}/{verb}") for _ in range(2)]

    for answer in answers:
        assert answer.status == 202
        assert {name: answer.json[name] for name in shown} == shown


def test_a_paused_job_is_resumed() -> None:
    job = submit(count=2)
    start(job)
    call("POST", f"/jobs/{job}/pause")

    answer = call("POST", f"/jobs/{job}/resume")

    assert (answer.status, answer.json["paused"]) == (202, False)


def test_a_pause_moves_the_deadline_and_shows_when_the_job_is_drained(world: World) -> None:
    job = submit(count=1, deadline="2030-01-01T00:00:00Z", retry={"max_attempts": 2})
    start(job)
    granted = lease(job)

    paused = call("POST", f"/jobs/{job}/pause").json
    report(granted, [outcome(0, error={**FAULT, "retryable": True})])
    drained = call("GET", f"/jobs/{job}").json
    world.clock.advance(60.0)
    resumed = call("POST", f"/jobs/{job}/resume").json

    assert (paused["drained"], drained["drained"], resumed["drained"]) == (False, True, False)
    assert (paused["paused_at"] is None, resumed["paused_at"]) == (False, None)
    assert paused["deadline"] == "2030-01-01T00:00:00.000Z"
    assert resumed["deadline"] == "2030-01-01T00:01:00.000Z"


def test_a_failed_job_is_retried_as_its_next_generation(world: World) -> None:
    job = submit(count=1)
    start(job)
    report(lease(job), [outcome(0, error=FAULT)])

    answer = call("POST", f"/jobs/{job}/retry")

    assert (answer.status, answer.json["status"], answer.json["generation"]) == (202, "PENDING", 2)
    assert world.workflow.describe(job, 2, 1) is not None


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry"])
def test_a_completed_job_refuses_the_verb(verb: str) -> None:
    job = submit(count=1)
    start(job)
    run(job)

    answer = call("POST", f"/jobs/{job}/{verb}")

    assert (answer.status, answer.json["type"]) == (409, "urn:shoal:problem:illegal-move")


def test_a_single_task_is_run_and_completed() -> None:
    job = submit(count=1)
    start(job)
    path = f"/tasks/{job}.0"

    running = call("POST", f"{path}/running", {"worker": "me"})
    complete = call("POST", f"{path}/complete", {"worker": "me", "result": {"sum": 7}})

    assert (running.status, running.json["status"], running.json["worker"]) == (
        200,
        "RUNNING",
        "me",
    )
    assert (complete.status, complete.json["result"]) == (200, {"sum": 7})
    assert call("GET", f"/jobs/{job}").json["status"] == "COMPLETED"


def test_a_single_task_is_failed() -> None:
    job = submit(count=1)
    start(job)
    call("POST", f"/tasks/{job}.0/running", {"worker": "me"})
    error = {"type": "ValueError", "message": "no", "retryable": False}

    answer = call("POST", f"/tasks/{job}.0/failed", {"worker": "me", "error": error})

    assert (answer.status, answer.json["status"]) == (200, "FAILED")
    assert answer.json["error"] == {**error, "tail": ""}


def test_a_task_that_another_worker_runs_is_a_conflict() -> None:
    job = submit(count=1)
    start(job)
    lease(job)

    assert call("POST", f"/tasks/{job}.0/running", {"worker": "me"}).status == 409


@pytest.mark.parametrize(
    "body", [{}, {"worker": ""}, {"worker": "a b"}, {"worker": "me", "more": 1}, {"worker": 1}]
)
def test_an_invalid_worker_name_is_refused(body: dict[str, object]) -> None:
    job = submit(count=1)

    assert call("POST", f"/tasks/{job}.0/running", body).status == 422


def _answer_with(
    error: Exception, world: World, monkeypatch: pytest.MonkeyPatch
) -> "tuple[int, dict[str, str], dict[str, object]]":
    def away(_job_id: str) -> None:
        raise error

    job = submit(count=1)
    monkeypatch.setattr(world.jobs, "get", away)
    answer = call("GET", f"/jobs/{job}")
    return answer.status, dict(answer.headers), answer.json


def test_an_unavailable_dependency_is_503_with_retry_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Unavailable("table arn:aws:secret")

    status, headers, problem = _answer_with(away, world, monkeypatch)

    assert (status, headers["Retry-After"]) == (503, "2")
    assert "secret" not in str(problem)


def test_an_internal_error_is_500_and_logged_completely(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, problem = _answer_with(ZeroDivisionError("secret"), world, monkeypatch)

    assert status == 500
    assert "secret" not in str(problem)
    log = capsys.readouterr().out
    assert "ZeroDivisionError" in log
    assert "request-1" in log
