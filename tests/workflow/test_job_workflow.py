"""The real state machine, run from end to end."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shoal.service.reconciliation import HAND_OVER_PASSES
from tests.workflow.conftest import Machine, Run
from tests.workflow.stubs import CHUNKS, RANGE

HISTORY_LIMIT = 20_000
PAYLOAD_LIMIT = 100_000
EVENTS_OF_A_RANGE = 7
"""On AWS: the iteration started, its task entered, scheduled, started, succeeded, exited, and the
iteration succeeded. The emulator may write fewer."""
EVENTS_OF_A_PASS = 16
"""On AWS: five of MonitorCompletion, two of the choice, six of a wait that is woken, one more of
one that times out; and room."""


def payloads(run: Run) -> Iterator[str]:
    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for each in value.values():
                yield from texts(each)

    for event in run.events:
        yield from texts(event)


def test_a_job_goes_from_plan_to_completed(machine: Machine) -> None:
    run = machine.run("plain")

    assert run.status == "SUCCEEDED"
    assert run.output is not None
    assert run.output["decision"] == "completed"
    names = [name for name in run.entered() if not name.endswith("Range")]
    assert names == [
        *("PlanTasks", "CreateTasks", "EnqueueTasks"),
        *("MonitorCompletion", "CheckCompletion", "JobCompleted"),
    ]


def test_a_million_tasks_keep_history_and_payloads_small(machine: Machine) -> None:
    run = machine.run("huge")

    ranges = -(-CHUNKS // RANGE)
    assert run.status == "SUCCEEDED"
    assert run.entered().count("CreateRange") in (0, ranges)
    assert max(len(text) for text in payloads(run)) < PAYLOAD_LIMIT
    on_aws = 2 * ranges * EVENTS_OF_A_RANGE + HAND_OVER_PASSES * EVENTS_OF_A_PASS
    assert len(run.events) <= on_aws < HISTORY_LIMIT


def test_a_pass_has_the_expected_number_of_events(machine: Machine) -> None:
    few, many = machine.run("woken-2"), machine.run("woken-12")

    assert len(many.events) - len(few.events) <= 10 * EVENTS_OF_A_PASS


def test_news_end_a_wait(machine: Machine) -> None:
    run = machine.run("woken-3")

    assert run.status == "SUCCEEDED"
    assert run.entered().count("WaitAndRetry") == 3
    assert run.output is not None
    assert run.output["seen"] == {"at": 4}


def test_a_lost_wake_up_only_costs_time(machine: Machine) -> None:
    run = machine.run("sleeper-1")

    assert run.status == "SUCCEEDED"
    assert run.entered().count("WaitAndRetry") == 1


def test_a_superseded_generation_creates_nothing(machine: Machine) -> None:
    run = machine.run("superseded")

    assert run.status == "SUCCEEDED"
    assert "CreateRange" not in run.entered()


def test_a_full_history_is_handed_over(machine: Machine) -> None:
    run = machine.run("hand-over")

    assert run.status == "SUCCEEDED"
    assert run.output == {"decision": "handed_over"}
    successor = machine.ended(machine.execution("hand-over-1-2"))
    assert successor.status == "SUCCEEDED"
    assert successor.output is not None
    assert successor.output["decision"] == "completed"


def test_a_successor_that_was_started_already_is_as_good(machine: Machine) -> None:
    machine.run("hand-over-twice", n=2)

    run = machine.run("hand-over-twice")

    assert run.output == {"decision": "handed_over"}


@pytest.mark.parametrize(
    ("job", "cause"),
    [
        ("bad-plan", "LookupError"),
        ("bad-range", "no such row"),
        ("bad-plan-bad-end", "LookupError"),
    ],
)
def test_an_error_closes_the_job_with_its_cause(machine: Machine, job: str, cause: str) -> None:
    run = machine.run(job)

    assert (run.status, run.error) == ("FAILED", "JobFailed")
    assert cause in (run.cause or "")
    assert "FailJob" in run.entered()


def test_too_many_failed_tasks_fail_the_execution_with_the_reason(machine: Machine) -> None:
    run = machine.run("fails")

    assert (run.status, run.error, run.cause) == ("FAILED", "JobFailed", "3 tasks failed")
    assert "FailJob" not in run.entered()


def test_a_cancelled_job_ends_its_execution_well(machine: Machine) -> None:
    run = machine.run("cancelled")

    assert run.status == "SUCCEEDED"
    assert json.loads(json.dumps(run.output))["decision"] == "cancelled"
