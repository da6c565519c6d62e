"""Tasks that a child has in hand together: in one call, or at once on one loop."""

from collections.abc import Sequence
from typing import Any

import pytest

from shoal.wire.worker import TaskOutcome
from tests.unit.worker.running_worker import Running
from tests.unit.worker.worker_fakes import FakeChunk


def ends(
    running: Running, task_type: str, inputs: Sequence[dict[str, Any]], **chunk: Any
) -> list[TaskOutcome]:
    """The outcomes of a chunk in order of their tasks."""
    running.add(0, FakeChunk(task_type, inputs, **chunk))
    running.run_until_final(0)
    outcomes = running.callbacks.outcomes(0)
    return [outcomes[index] for index in range(len(inputs))]


def told(outcome: TaskOutcome) -> Any:
    """What it returned, or the type of its error."""
    return outcome.result if outcome.error is None else outcome.error.type


def numbers(*given: int) -> list[dict[str, int]]:
    return [{"n": n} for n in given]


def test_a_batch_is_one_call(running: Running) -> None:
    results = [told(each) for each in ends(running, "in_batches", numbers(1, 2, 3, 4, 5))]

    assert results[:4] == [{"n": n, "of": 4, "first": 0} for n in (1, 2, 3, 4)]
    assert results[4] == {"n": 5, "of": 1, "first": 4}


def test_an_error_in_place_of_a_result_is_one_tasks(running: Running) -> None:
    results = [told(each) for each in ends(running, "in_batches", numbers(1, 13, 3))]

    assert results == [
        {"n": 1, "of": 3, "first": 0},
        "ValueError",
        {"n": 3, "of": 3, "first": 0},
    ]


def test_an_input_that_does_not_fit_is_left_out_of_its_batch(running: Running) -> None:
    results = [told(each) for each in ends(running, "in_batches", [{"n": 1}, {"m": 2}, {"n": 3}])]

    assert results == [
        {"n": 1, "of": 2, "first": 0},
        "InvalidInput",
        {"n": 3, "of": 2, "first": 0},
    ]


def test_a_batch_that_raises_fails_as_a_whole_and_the_next_goes_on(running: Running) -> None:
    results = [told(each) for each in ends(running, "in_batches", numbers(1, 14, 2, 3, 4))]

    assert results[:4] == ["ValueError"] * 4
    assert results[4] == {"n": 4, "of": 1, "first": 4}


def test_a_batch_that_dies_is_run_one_by_one_to_find_who_kills_it(running: Running) -> None:
    results = [told(each) for each in ends(running, "in_batches", numbers(1, 15, 2, 3, 4))]

    assert results[1] == "WorkerChildDied"
    assert [each["n"] for each in (results[0], *results[2:])] == [1, 2, 3, 4]


def test_a_list_of_another_length_fails_them_all_for_good(running: Running) -> None:
    (first, second) = ends(running, "too_few", numbers(1, 2))

    assert told(first) == told(second) == "NotAResultEach"
    assert first.error is not None
    assert not first.error.retryable


def test_coroutines_run_at_once(running: Running) -> None:
    results = [told(each) for each in ends(running, "meets", [{"wanted": 8}] * 8)]

    assert results == [8] * 8


def test_no_more_run_at_once_than_the_task_allows(running: Running) -> None:
    first, *_ = ends(running, "meets", [{"wanted": 9}] * 9, timeout=0.3)

    assert told(first) == "Timeout"


def test_each_coroutine_ends_as_it_does(running: Running) -> None:
    hows = ["well", "raises", "fine", "cancels", "good"]

    results = [told(each) for each in ends(running, "awaits", [{"how": how} for how in hows])]

    assert results == ["well 0", "ValueError", "fine 2", "CancelledError", "good 4"]


@pytest.mark.parametrize(
    ("how", "error"),
    [("sleeps", "Timeout"), ("blocks", "Timeout"), ("exits", "WorkerChildDied")],
)
def test_a_coroutine_that_harms_its_loop_costs_one_task(
    running: Running, how: str, error: str
) -> None:
    given = [{"how": each} for each in ("well", "fine", how, "good", "right")]

    results = [told(each) for each in ends(running, "awaits", given, timeout=0.5)]

    assert results == ["well 0", "fine 1", error, "good 3", "right 4"]


def test_an_isolated_chunk_runs_nothing_together(running: Running) -> None:
    results = [told(each) for each in ends(running, "in_batches", numbers(1, 2), isolated=True)]

    assert [each["of"] for each in results] == [1, 1]
