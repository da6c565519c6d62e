"""Concurrent tasks of a child: batches in one call, and coroutines on one event loop."""

from collections.abc import Sequence
from typing import Any

import pytest

from shoal.wire.worker import TaskOutcome
from tests.unit.worker.running_worker import Running
from tests.unit.worker.worker_fakes import FakeChunk


def ends(
    running: Running, task_type: str, inputs: Sequence[dict[str, Any]], **chunk: Any
) -> list[TaskOutcome]:
    """Returns the outcomes of a chunk in the order of its tasks."""
    running.add(0, FakeChunk(task_type, inputs, **chunk))
    running.run_until_final(0)
    outcomes = running.callbacks.outcomes(0)
    return [outcomes[index] for index in range(len(inputs))]


def result_or_error(outcome: TaskOutcome) -> Any:
    """Returns the result, or the type of the error."""
    return outcome.result if outcome.error is None else outcome.error.type


def numbers(*given: int) -> list[dict[str, int]]:
    return [{"n": n} for n in given]


def test_batch_is_one_call(running: Running) -> None:
    results = [
        result_or_error(each) for each in ends(running, "in_batches", numbers(1, 2, 3, 4, 5))
    ]

    assert results[:4] == [{"n": n, "of": 4, "first": 0} for n in (1, 2, 3, 4)]
    assert results[4] == {"n": 5, "of": 1, "first": 4}


def test_error_in_the_results_fails_only_its_task(running: Running) -> None:
    results = [result_or_error(each) for each in ends(running, "in_batches", numbers(1, 13, 3))]

    assert results == [
        {"n": 1, "of": 3, "first": 0},
        "ValueError",
        {"n": 3, "of": 3, "first": 0},
    ]


def test_invalid_input_is_removed_from_its_batch(running: Running) -> None:
    results = [
        result_or_error(each)
        for each in ends(running, "in_batches", [{"n": 1}, {"m": 2}, {"n": 3}])
    ]

    assert results == [
        {"n": 1, "of": 2, "first": 0},
        "InvalidInput",
        {"n": 3, "of": 2, "first": 0},
    ]


def test_exception_fails_its_whole_batch_and_the_next_batch_runs(running: Running) -> None:
    results = [
        result_or_error(each) for each in ends(running, "in_batches", numbers(1, 14, 2, 3, 4))
    ]

    assert results[:4] == ["ValueError"] * 4
    assert results[4] == {"n": 4, "of": 1, "first": 4}


def test_batch_that_kills_its_child_is_run_one_by_one(running: Running) -> None:
    results = [
        result_or_error(each) for each in ends(running, "in_batches", numbers(1, 15, 2, 3, 4))
    ]

    assert results[1] == "WorkerChildDied"
    assert [each["n"] for each in (results[0], *results[2:])] == [1, 2, 3, 4]


def test_wrong_number_of_results_fails_the_batch_permanently(running: Running) -> None:
    (first, second) = ends(running, "too_few", numbers(1, 2))

    assert result_or_error(first) == result_or_error(second) == "NotAResultEach"
    assert first.error is not None
    assert not first.error.retryable


def test_coroutines_run_concurrently(running: Running) -> None:
    results = [
        result_or_error(each) for each in ends(running, "waits_for_peers", [{"wanted": 8}] * 8)
    ]

    assert results == [8] * 8


def test_concurrency_limits_the_running_coroutines(running: Running) -> None:
    first, *_ = ends(running, "waits_for_peers", [{"wanted": 9}] * 9, timeout=0.3)

    assert result_or_error(first) == "Timeout"


def test_each_coroutine_has_its_own_outcome(running: Running) -> None:
    hows = ["well", "raises", "fine", "cancels", "good"]

    results = [
        result_or_error(each) for each in ends(running, "awaits", [{"how": how} for how in hows])
    ]

    assert results == ["well 0", "ValueError", "fine 2", "CancelledError", "good 4"]


@pytest.mark.parametrize(
    ("how", "error"),
    [("sleeps", "Timeout"), ("blocks", "Timeout"), ("exits", "WorkerChildDied")],
)
def test_coroutine_that_blocks_or_kills_its_loop_fails_alone(
    running: Running, how: str, error: str
) -> None:
    given = [{"how": each} for each in ("well", "fine", how, "good", "right")]

    results = [result_or_error(each) for each in ends(running, "awaits", given, timeout=0.5)]

    assert results == ["well 0", "fine 1", error, "good 3", "right 4"]


def test_isolated_chunk_runs_tasks_one_by_one(running: Running) -> None:
    results = [
        result_or_error(each) for each in ends(running, "in_batches", numbers(1, 2), isolated=True)
    ]

    assert [each["of"] for each in results] == [1, 1]
