"""Every task has an outcome, and no task affects other tasks."""

import json
from pathlib import Path
from typing import Any

import pytest

from shoal.wire.worker import TaskFailure, TaskOutcome
from tests.unit.worker.running_worker import Eventually, Running
from tests.unit.worker.worker_fakes import FakeChunk


def outcome_of(
    running: Running, task_type: str, given: dict[str, Any] | None = None, **chunk: Any
) -> TaskOutcome:
    running.add(0, FakeChunk(task_type, [given or {}], **chunk))
    running.run_until_final(0)
    outcome = running.callbacks.outcomes(0)[0]
    assert isinstance(outcome, TaskOutcome)
    return outcome


def failure_of(outcome: TaskOutcome) -> TaskFailure:
    assert outcome.error is not None
    return outcome.error


def test_tasks_of_a_chunk_complete_in_order(running: Running) -> None:
    receipt = running.add(3, FakeChunk("echo", [{"n": n} for n in range(100)], first=300))

    running.run_until_final(3)

    outcomes = running.callbacks.outcomes(3)
    assert [outcomes[i].result for i in range(300, 400)] == [{"n": n} for n in range(100)]
    assert [report.report for report in running.callbacks.reports] == [1]
    assert running.deliveries.deleted == [receipt]


@pytest.mark.parametrize(
    ("task_type", "given", "result"),
    [
        ("nothing", {}, None),
        ("typed", {"size": 3}, "xxx"),
        ("waits", {"seconds": 0.01}, "waited"),
        ("dataclass_result", {}, {"x": 1, "y": 2}),
        (
            "json_encodable_types",
            {},
            ["2026-11-27", "1.10", "/tmp/a", "red", {"when": "2026-11-27"}],  # noqa: S108 - a text
        ),
        ("echo", {"text": "grüße\u2028"}, {"text": "grüße\u2028"}),
    ],
)
def test_result_is_reported(
    running: Running, task_type: str, given: dict[str, Any], result: object
) -> None:
    outcome = outcome_of(running, task_type, given)

    assert (outcome.outcome, outcome.result) == ("completed", result)


@pytest.mark.parametrize(
    ("task_type", "given", "error_type", "retryable"),
    [
        ("raises", {"message": "bad"}, "ValueError", True),
        ("raises_non_retryable", {}, "NonRetryable", False),
        ("system_exit", {}, "SystemExit", True),
        ("exits", {"code": 3}, "WorkerChildDied", True),
        ("killed", {}, "WorkerChildDied", True),
        ("not_json", {}, "NotJSON", False),
        ("not_a_number", {}, "NotJSON", False),
        ("too_deep", {}, "NotJSON", False),
        ("too_large", {}, "ResultTooLarge", False),
        ("surrogate", {}, "ValueError", True),
        ("typed", {"size": "many"}, "InvalidInput", False),
        ("typed", {"size": 1, "colour": "red"}, "InvalidInput", False),
        ("nothing", {"unasked": 1}, "InvalidInput", False),
    ],
)
def test_failure_contains_its_reason_and_whether_it_is_retryable(
    running: Running, task_type: str, given: dict[str, Any], error_type: str, *, retryable: bool
) -> None:
    outcome = outcome_of(running, task_type, given)

    assert outcome.outcome == "failed"
    assert (failure_of(outcome).type, failure_of(outcome).retryable) == (error_type, retryable)


def test_task_past_its_timeout_is_killed(running: Running) -> None:
    outcome = outcome_of(running, "hangs", timeout=0.2)

    assert (failure_of(outcome).type, failure_of(outcome).retryable) == ("Timeout", True)
    assert outcome.duration >= 0.2
    assert failure_of(outcome).tail == "hanging\n"


@pytest.mark.parametrize(
    ("task_type", "message"),
    [
        ("killed", "the child process was killed by SIGKILL (out of memory?)"),
        ("exits", "the child process exited with code 7"),
    ],
)
def test_death_of_a_child_names_its_exit_status(
    running: Running, task_type: str, message: str
) -> None:
    outcome = outcome_of(running, task_type, {"code": 7} if task_type == "exits" else {})

    assert failure_of(outcome).message == message


@pytest.mark.parametrize(("task_type", "timeout"), [("killed", 30.0), ("hangs", 0.3)])
def test_death_of_a_child_fails_one_task(running: Running, task_type: str, timeout: float) -> None:
    running.add(0, FakeChunk(task_type, [{"at": 7}] * 20, timeout=timeout))

    running.run_until_final(0)

    outcomes = running.callbacks.outcomes(0)
    assert [i for i, each in outcomes.items() if each.outcome == "failed"] == [7]
    assert [outcomes[i].result for i in range(20) if i != 7] == [i for i in range(20) if i != 7]


def test_tail_contains_the_last_8_kilobytes(running: Running) -> None:
    outcome = outcome_of(running, "floods", {"megabytes": 2})

    tail = failure_of(outcome).tail
    assert len(tail) == 8192
    assert "the end" in tail
    assert "ValueError: flooded" in tail


def test_tail_contains_the_output_of_subprocesses(running: Running) -> None:
    outcome = outcome_of(running, "writes_below_python")

    assert "from below\nfrom another process\n" in failure_of(outcome).tail


def test_tail_contains_only_the_output_of_its_task(running: Running) -> None:
    running.add(0, FakeChunk("raises", [{"message": f"number {i}"} for i in range(3)]))

    running.run_until_final(0)

    for index, outcome in running.callbacks.outcomes(0).items():
        assert failure_of(outcome).tail.count("about to fail") == 1
        assert f"number {index}" in failure_of(outcome).tail


def test_killing_a_task_kills_its_subprocesses(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    note = tmp_path / "pid"

    outcome_of(running, "starts_a_process", {"note": str(note)}, timeout=0.5)

    eventually(lambda: not Path(f"/proc/{note.read_text()}").exists())


def test_death_of_a_task_kills_its_subprocesses(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    note = tmp_path / "pid"

    outcome_of(running, "leaves_a_process", {"note": str(note)})

    eventually(lambda: not Path(f"/proc/{note.read_text()}").exists())


def test_task_that_damages_its_process_does_not_affect_others(running: Running) -> None:
    broken = outcome_of(
        running, "breaks_its_process"
    )  # it may be killed before it returns a result

    assert broken.result == "done" or failure_of(broken).type == "WorkerChildDied"


def test_large_results_are_uploaded_as_a_part(running: Running) -> None:
    running.add(0, FakeChunk("large", [{"size": 90_000}] * 3))

    running.run_until_final(0)

    (report,) = running.callbacks.reports
    ((_, body),) = running.callbacks.uploads
    assert report.part is not None
    assert report.part.key == "outcomes/1"
    assert [outcome.result for outcome in report.outcomes] == [None] * 3
    assert [len(each["result"]) for each in json.loads(body)] == [90_000] * 3
    assert running.callbacks.part_requests[0].size == len(body)


def test_outcomes_beyond_the_shared_memory_all_arrive(running: Running) -> None:
    running.add(0, FakeChunk("large", [{"size": 700_000}] * 5))

    running.run_until_final(0)

    assert sorted(running.callbacks.outcomes(0)) == [0, 1, 2, 3, 4]
