"""What one task does to its process does not reach the next."""

import logging
from pathlib import Path
from typing import Any

import pytest

from shoal.wire.worker import TaskOutcome
from shoal.worker.assignment import ChildLimits
from shoal.worker.fork_client import ForkClient
from shoal.worker.output_log import OutputLog
from tests.unit.worker.running_worker import Running
from tests.unit.worker.worker_fakes import FakeChunk


def outcome(running: Running, chunk: int, index: int = 0) -> TaskOutcome:
    found: TaskOutcome = running.callbacks.outcomes(chunk)[index]
    return found


@pytest.mark.parametrize("how", ["folder", "environment", "output", "fork"])
def test_the_next_task_finds_its_surroundings_as_they_were(running: Running, how: str) -> None:
    running.add(0, FakeChunk("spoils", [{"how": how}]))
    running.add(1, FakeChunk("environment", [{}] * 2))

    running.run_until_final(0, 1, slots=1)

    assert outcome(running, 0).result == (None if how == "output" else how)
    for index in range(2):
        found = outcome(running, 1, index).result
        assert (found["folder"], found["spoilt"]) == (str(Path.cwd()), False)


def test_a_task_that_takes_more_memory_than_it_may_fails_alone(running: Running) -> None:
    running.add(0, FakeChunk("allocates", [{"megabytes": n} for n in (1, 512, 2)]))

    running.run_until_final(0)

    error = outcome(running, 0, 1).error
    assert error is not None
    assert (error.type, error.message) == ("MemoryError", "exceeded its memory limit of 64 MB")
    assert [outcome(running, 0, n).outcome for n in (0, 2)] == ["completed"] * 2


def test_a_limit_of_one_type_is_not_anothers(running: Running) -> None:
    running.add(0, FakeChunk("allocates", [{"megabytes": 1}]))
    running.add(1, FakeChunk("leaks", [{"megabytes": 200}]))

    running.run_until_final(0, 1, slots=1)

    assert outcome(running, 1).outcome == "completed"


def test_endless_recursion_is_an_error(running: Running) -> None:
    running.add(0, FakeChunk("recurses", [{}]))

    running.run_until_final(0)

    error = outcome(running, 0).error
    assert error is not None
    assert error.type == "RecursionError"


@pytest.mark.parametrize(
    ("limits", "task_type", "given"),
    [
        (ChildLimits(max_tasks=2), "process_id", {}),
        (ChildLimits(max_growth=8 * 1024 * 1024), "leaks", {"megabytes": 16}),
    ],
)
def test_a_worn_child_is_replaced(
    running: Running, limits: ChildLimits, task_type: str, given: dict[str, Any]
) -> None:
    running.fork_client = ForkClient(["tests.unit.worker.worker_tasks"], limits=limits)
    for chunk in range(3):
        running.add(chunk, FakeChunk(task_type, [given] * 2))

    running.run_until_final(0, 1, 2, slots=1)

    processes = [[outcome(running, c, n).result for n in range(2)] for c in range(3)]
    assert all(first == second for first, second in processes)
    assert len({first for first, _ in processes}) > 1


def test_a_child_keeps_things_in_the_name_of_the_worker_that_holds_the_lease(
    running: Running,
) -> None:
    module = "tests.unit.worker.worker_tasks"
    running.fork_client = ForkClient([module], storage=f"{module}:Signature", worker="w-1")
    running.add(0, FakeChunk("keeps", [{"key": "charge", "note": "x"}]))

    running.run_until_final(0)

    worker, _, chunk, _, index = outcome(running, 0).result
    assert (worker, chunk, index) == ("w-1", 0, 0)


def test_a_child_that_is_not_worn_is_kept(running: Running) -> None:
    for chunk in range(3):
        running.add(chunk, FakeChunk("process_id", [{}]))

    running.run_until_final(0, 1, 2, slots=1)

    assert len({outcome(running, chunk).result for chunk in range(3)}) == 1


def test_what_a_task_prints_is_in_the_log_with_its_task(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    running.add(0, FakeChunk("raises", [{"message": "x"}]))

    with caplog.at_level("INFO", logger="shoal.output"):
        running.run_until_final(0)

    (record,) = (each for each in caplog.records if each.message == "about to fail")
    assert vars(record)["task"].endswith(".0")


def test_a_flood_is_left_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    output_log = OutputLog()

    with caplog.at_level(logging.INFO, logger="shoal.output"):
        for number in range(100):
            output_log.write(1, b"%d\n" % number * 100, {})

    assert 400 <= len(caplog.records) < 1_000


def test_a_flood_without_an_end_of_a_line_is_left_out_too(caplog: pytest.LogCaptureFixture) -> None:
    output_log = OutputLog()

    with caplog.at_level(logging.INFO, logger="shoal.output"):
        for number in range(10_000):
            output_log.write(1, b"no end", {"task": number})

    assert 400 <= len(caplog.records) < 1_000


def test_a_line_that_is_printed_in_pieces_is_logged_as_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    output_log = OutputLog()

    with caplog.at_level(logging.INFO, logger="shoal.output"):
        for piece in (b"one", b" ", b"line\nand ano", b"ther"):
            output_log.write(1, piece, {"task": "a"})
        output_log.write(2, b"of somebody else\n", {"task": "b"})
        output_log.end(1)

    told = [(record.message, vars(record)["task"]) for record in caplog.records]
    assert told == [("one line", "a"), ("of somebody else", "b"), ("and another", "a")]


@pytest.mark.parametrize("chunk_size", [6, 1])
def test_what_is_printed_in_quick_succession_is_told_apart(
    running: Running, caplog: pytest.LogCaptureFixture, chunk_size: int
) -> None:
    for chunk in range(6 // chunk_size):
        inputs = [{"words": ["task", n]} for n in range(chunk * chunk_size, 6)][:chunk_size]
        running.add(chunk, FakeChunk("says", inputs, first=chunk * chunk_size))

    with caplog.at_level("INFO", logger="shoal.output"):
        running.run_until_final(*range(6 // chunk_size), slots=6)

    lines = sorted((each.message, vars(each)["task"][-2:]) for each in caplog.records)
    assert [line for line in lines if line[0].startswith("task")] == [
        (f"task {n}", f".{n}") for n in range(6)
    ]
