"""Tests of canaries: a sample is retried first, the other tasks if enough of it succeeds."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from handlers import execution_ended, monitor_completion
from shoal import bootstrap
from shoal.domain.canary import Canary
from shoal.domain.errors import IllegalMove
from shoal.domain.selection import Selection
from shoal.ports.workflow import Execution, ExecutionStatus
from tests.unit.handlers.http_calls import Json, World, call, lease, outcome, report, start, submit

BOOM = {"type": "KeyError", "message": "no", "tail": "", "retryable": False}
OTHER = {**BOOM, "type": "ValueError"}


def job_of(count: int, error: Callable[[int], Json] = lambda _: BOOM, **fields: Json) -> str:
    """Return the id of a job whose tasks have all ended with these outcomes."""
    job = submit(count=count, chunk_size=1, **fields)
    start(job)
    ran(job, error)
    return job


def ran(job: str, error: Callable[[int], Json] = lambda _: None) -> list[int]:
    """Run all tasks that can be leased; return their indices."""
    body = call("GET", f"/jobs/{job}").json
    found = []
    for chunk in range(body["task_count"]):
        granted = lease(job, chunk, request=f"request-{body['generation']}-{chunk}")
        if granted["decision"] == "granted":
            found.append(chunk)
            report(granted, [outcome(chunk, error=error(chunk))])
    return found


def ended(world: World, job: str, generation: int) -> None:
    """End the execution of a generation and send the event of EventBridge."""
    given = {"job": job, "generation": generation, "n": 1}
    decided = monitor_completion.handler({**given, "passes": 0, "seen": {}}, None)["decision"]
    assert decided == "failed"
    world.workflow.end(job, generation, 1, Execution(ExecutionStatus.FAILED, world.clock.now()))
    execution_ended.handler({"detail": {"name": f"{job}-{generation}-1"}}, None)


def retry(job: str, **body: Json) -> Json:
    answer = call("POST", f"/jobs/{job}/retry", body)
    assert answer.status == 202, answer.text
    return answer.json


def seen(job: str) -> Json:
    return call("GET", f"/jobs/{job}").json


def test_the_other_tasks_follow_automatically_after_the_canary_passed(world: World) -> None:
    job = job_of(20)

    asked = retry(job, canary={"share": 0.1, "bar": 0.5})
    start(job, generation=2)
    tried = ran(job, lambda index: BOOM if index == 0 else None)
    between = seen(job)
    ended(world, job, 2)
    start(job, generation=3)
    rest = ran(job)

    assert asked["canary"] == {
        "share": 0.1,
        "bar": 0.5,
        "generation": 2,
        "tried": 2,
        "succeeded": None,
        "verdict": None,
    }
    assert tried == [0, 10]
    assert (between["status"], between["generation"]) == ("PENDING", 3)
    assert (between["canary"]["succeeded"], between["canary"]["verdict"]) == (1, "passed")
    assert world.workflow.describe(job, 3, 1) is not None
    assert rest == [index for index in range(20) if index not in {0, 10}]
    assert (seen(job)["status"], seen(job)["counts"]["failed"]) == ("FAILED", 1)


def test_a_failed_canary_ends_the_retry_with_a_reason(world: World) -> None:
    job = job_of(20)
    retry(job, canary={"share": 0.2, "bar": 0.9})
    start(job, generation=2)

    ran(job, lambda index: BOOM if index else None)
    ended(world, job, 2)

    after = seen(job)
    assert (after["status"], after["generation"]) == ("FAILED", 2)
    assert after["reason"].startswith(
        "the canary failed: 1 of 4 tasks succeeded, and the bar is 0.9"
    )
    assert (after["canary"]["succeeded"], after["canary"]["verdict"]) == (1, "failed")
    (why,) = call("GET", f"/jobs/{job}/why").json["reasons"]
    assert "the canary failed" in why["sentence"]
    assert retry(job)["canary"] is None


def test_a_canary_of_a_cause_does_not_change_other_tasks(world: World) -> None:
    job = job_of(10, lambda index: BOOM if index % 2 else OTHER)
    causes = {
        each["error_type"]: each["cause"]
        for each in call("GET", f"/jobs/{job}/failures").json["items"]
    }

    retry(job, cause=causes["KeyError"], canary={"share": 0.3, "bar": 1.0})
    start(job, generation=2)
    tried = ran(job)
    ended(world, job, 2)
    start(job, generation=3)
    rest = ran(job)

    assert (tried, rest) == ([1, 5], [3, 7, 9])
    assert seen(job)["counts"]["failed"] == 5


def test_a_canary_of_all_skips_discarded_tasks_and_includes_those_that_never_ran(
    world: World,
) -> None:
    job = submit(count=5, chunk_size=1, max_failed=2)
    start(job)
    for index in range(3):
        report(lease(job, index, request=f"request-{index}"), [outcome(index, error=BOOM)])
    start(job)
    discard = {"indices": [0], "reason": "no use"}
    assert call("POST", f"/jobs/{job}/discard", discard).status == 200

    retry(job, canary={"share": 0.01, "bar": 1.0})
    start(job, generation=2)
    tried = ran(job)
    ended(world, job, 2)
    start(job, generation=3)
    rest = ran(job)

    assert (tried, rest) == ([1], [2, 3, 4])
    assert (seen(job)["status"], seen(job)["counts"]["failed"]) == ("COMPLETED", 1)


def test_a_canary_of_all_failed_tasks_starts_no_further_generation() -> None:
    job = job_of(1)

    retry(job, canary={})
    start(job, generation=2)
    ran(job)

    after = seen(job)
    assert (after["status"], after["generation"]) == ("COMPLETED", 2)
    assert after["canary"]["verdict"] == "passed"


def test_a_cancel_stops_the_canary_and_the_following_retry() -> None:
    job = job_of(10)
    retry(job, canary={"share": 0.5, "bar": 0.1})
    start(job, generation=2)
    report(lease(job, 0, request="request-x"), [outcome(0)])

    call("POST", f"/jobs/{job}/cancel")
    start(job, generation=2)

    after = seen(job)
    assert (after["status"], after["generation"]) == ("CANCELLED", 2)
    assert after["canary"]["verdict"] == "stopped"


def test_the_reasons_include_a_running_canary() -> None:
    job = job_of(10)
    retry(job, canary={"share": 0.2, "bar": 0.75})
    start(job, generation=2)

    reasons = call("GET", f"/jobs/{job}/why").json["reasons"]

    (canary,) = [each for each in reasons if each["code"] == "canary"]
    assert canary["facts"] == {"tried": 2, "bar": 0.75}


def test_a_repeated_canary_request_starts_one_retry_also_after_it_passed(world: World) -> None:
    job = job_of(4)
    asked = {"share": 0.25, "bar": 0.5}

    first, second = (retry(job, canary=asked) for _ in range(2))
    start(job, generation=2)
    ran(job)
    third = retry(job, canary=asked)
    other = call("POST", f"/jobs/{job}/retry", {"canary": {"share": 0.5}})
    plain = call("POST", f"/jobs/{job}/retry")

    assert [each["generation"] for each in (first, second, third)] == [2, 2, 3]
    assert (other.status, plain.status) == (409, 409)
    assert world.workflow.describe(job, 3, 1) is None  # until the canary's execution has ended


@pytest.mark.parametrize(
    "canary",
    [{"share": 0}, {"share": 1.5}, {"bar": -0.1}, {"bar": 2}, {"share": "1%"}, {"size": 1}, 0.1],
)
def test_an_invalid_canary_is_refused(canary: Json) -> None:
    job = job_of(1)

    assert call("POST", f"/jobs/{job}/retry", {"canary": canary}).status == 422
    assert call("POST", f"/jobs/{job}/retry", {"canary": {}, "indices": [0]}).status == 422


def test_a_canary_of_tasks_that_have_not_failed_is_a_conflict() -> None:
    running, discarded = submit(count=1), job_of(2)
    body = {"all": True, "reason": "no use"}
    assert call("POST", f"/jobs/{discarded}/discard", body).status == 200

    for job in (running, discarded):
        assert call("POST", f"/jobs/{job}/retry", {"canary": {}}).status == 409


def test_the_audit_trail_has_a_canary_that_the_next_retry_replaced(world: World) -> None:
    job = job_of(4)
    retry(job, canary={"share": 0.5})
    start(job, generation=2)
    ran(job, lambda _: BOOM)

    retry(job)
    ended(world, job, 2)

    acts = call("GET", f"/jobs/{job}/events").json["items"]
    assert [each["action"] for each in acts].count("canary") == 1


def test_concurrent_equal_canary_requests_start_one_retry(world: World) -> None:
    job = job_of(4)
    retry(job, canary={"share": 0.5})
    after = world.jobs.get(job)
    assert after is not None
    assert after.canary is not None

    again = bootstrap.job_control().retry("default", job, after.selection, after.canary)

    assert again == after
    other = replace(after.canary, bar=0.1)
    with pytest.raises(IllegalMove, match="with other tasks"):
        bootstrap.job_control().retry("default", job, after.selection, other)


def test_a_canary_of_failures_that_were_retried_meanwhile_is_a_conflict() -> None:
    job = job_of(4)
    stale = Canary(
        share=0.5, bar=0.9, chosen=Selection(), tried=1, more=True, completed=0, generation=2
    )
    retry(job)
    start(job, generation=2)
    ran(job, lambda _: BOOM)

    with pytest.raises(IllegalMove, match="failed again in the meantime"):
        bootstrap.job_control().retry("default", job, Selection.of_indices([0]), stale)

    assert seen(job)["generation"] == 2


@pytest.mark.parametrize(("failing", "said"), [(0, "passed"), (9, "failed")])
def test_the_audit_trail_records_the_verdict_once(world: World, failing: int, said: str) -> None:
    job = job_of(4)
    retry(job, canary={"share": 0.5, "bar": 0.6})
    start(job, generation=2)
    ran(job, lambda index: BOOM if index < failing else None)

    for _ in range(2):
        ended(world, job, 2)

    acts = call("GET", f"/jobs/{job}/events").json["items"]
    (act,) = [each for each in acts if each["action"] == "canary"]
    (asked,) = [each for each in acts if each["action"] == "retry"]
    assert (act["who"], act["detail"]["said"].split(":")[0]) == ("canary", f"the canary {said}")
    assert asked["detail"] == {"canary": "0.5 first; the others if 0.6 of them succeed"}


def test_the_rest_follows_although_max_failed_tolerates_its_failures(world: World) -> None:
    job = job_of(4, max_failed=3)
    assert seen(job)["status"] == "FAILED"
    retry(job, canary={"share": 0.25, "bar": 1.0})
    start(job, generation=2)
    tried = ran(job)
    between = seen(job)
    ended(world, job, 2)
    start(job, generation=3)

    rest = ran(job)

    assert (between["status"], between["generation"]) == ("PENDING", 3)
    assert (tried, rest) == ([0], [1, 2, 3])
    assert (seen(job)["status"], seen(job)["counts"]["completed"]) == ("COMPLETED", 4)


def test_a_failed_canary_leaves_the_job_failed_so_that_the_rest_can_be_retried() -> None:
    job = job_of(4, max_failed=3)
    retry(job, canary={"share": 0.5, "bar": 1.0})
    start(job, generation=2)
    ran(job, lambda index: BOOM if index else None)

    after = seen(job)

    assert (after["status"], after["counts"]["failed"]) == ("FAILED", 3)
    assert after["reason"] == (
        "the canary failed: 1 of 2 tasks succeeded, and the bar is 1; "
        "the other failed tasks were not retried"
    )
    assert retry(job)["generation"] == 3


def test_a_pause_continues_when_the_canary_passes(world: World) -> None:
    job = job_of(2, deadline="2027-02-01T00:00:00Z")
    retry(job, canary={"share": 0.5, "bar": 1.0})
    start(job, generation=2)
    granted = lease(job, 0, request="request-2")
    world.clock.advance(10)
    call("POST", f"/jobs/{job}/pause")
    world.clock.advance(10)

    report(granted, [outcome(0)])

    after = seen(job)
    assert (after["status"], after["generation"], after["paused"]) == ("PENDING", 3, True)
    ended(world, job, 2)
    start(job, generation=3)
    assert lease(job, 1, request="request-3")["decision"] == "paused"
    world.clock.advance(10)
    resumed = call("POST", f"/jobs/{job}/resume").json
    assert resumed["deadline"] == "2027-02-01T00:00:20.000Z"
    assert ran(job) == [1]
