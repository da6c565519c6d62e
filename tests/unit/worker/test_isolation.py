"""Isolation between the tasks of a child."""

import logging
from pathlib import Path
from typing import Any

import pytest

from shoal.settings import task_environment
from shoal.wire.worker import TaskOutcome
from shoal.worker.assignment import ChildLimits
from shoal.worker.fork_client import ForkClient
from shoal.worker.output_log import OutputLog
from tests.unit.worker.running_worker import TASKS, Running
from tests.unit.worker.worker_fakes import FakeChunk


def outcome(running: Running, chunk: int, index: int = 0) -> TaskOutcome:
    found: TaskOutcome = running.callbacks.outcomes(chunk)[index]
    return found


@pytest.mark.parametrize("how", ["folder", "environment", "output", "fork"])
def test_process_state_is_restored_for_the_next_task(running: Running, how: str) -> None:
    running.add(0, FakeChunk("changes_process", [{"how": how}]))
    running.add(1, FakeChunk("environment", [{}] * 2))

    running.run_until_final(0, 1, slots=1)

    assert outcome(running, 0).result == (None if how == "output" else how)
    for index in range(2):
        found = outcome(running, 1, index).result
        assert (found["folder"], found["changed"]) == (str(Path.cwd()), False)


def test_task_over_its_memory_limit_fails_alone(running: Running) -> None:
    running.add(0, FakeChunk("allocates", [{"megabytes": n} for n in (1, 512, 2)]))

    running.run_until_final(0)

    error = outcome(running, 0, 1).error
    assert error is not None
    assert (error.type, error.message) == ("MemoryError", "exceeded its memory limit of 64 MB")
    assert [outcome(running, 0, n).outcome for n in (0, 2)] == ["completed"] * 2


def test_memory_limit_applies_only_to_its_type(running: Running) -> None:
    running.add(0, FakeChunk("allocates", [{"megabytes": 1}]))
    running.add(1, FakeChunk("leaks", [{"megabytes": 200}]))

    running.run_until_final(0, 1, slots=1)

    assert outcome(running, 1).outcome == "completed"


def test_infinite_recursion_fails_the_task(running: Running) -> None:
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
def test_child_at_its_limits_is_replaced(
    running: Running, limits: ChildLimits, task_type: str, given: dict[str, Any]
) -> None:
    running.fork_client = ForkClient([TASKS], environment=task_environment(), limits=limits)
    for chunk in range(3):
        running.add(chunk, FakeChunk(task_type, [given] * 2))

    running.run_until_final(0, 1, 2, slots=1)

    processes = [[outcome(running, c, n).result for n in range(2)] for c in range(3)]
    assert all(first == second for first, second in processes)
    assert len({first for first, _ in processes}) > 1


def test_child_below_its_limits_is_reused(running: Running) -> None:
    for chunk in range(3):
        running.add(chunk, FakeChunk("process_id", [{}]))

    running.run_until_final(0, 1, 2, slots=1)

    assert len({outcome(running, chunk).result for chunk in range(3)}) == 1


def processes_of(running: Running, tenants: str) -> list[int]:
    """Runs a chunk of one task for each tenant, on one slot. Returns their process ids."""
    for chunk, tenant in enumerate(tenants):
        running.add(chunk, FakeChunk("process_id", [{}], extra={"tenant": tenant}))
    running.run_until_final(*range(len(tenants)), slots=1)
    return [outcome(running, chunk).result for chunk in range(len(tenants))]


def test_each_tenant_has_its_own_child(running: Running) -> None:
    first, second, third, fourth, fifth = processes_of(running, "aabba")

    assert first == second == fifth
    assert third == fourth != first


@pytest.mark.parametrize(
    ("task_type", "inputs", "failed"),
    [
        ("echo", [{"n": n} for n in range(200)], []),
        ("large", [{"size": 900_000}] * 4, []),
        ("raises", [{"message": "x"}] * 3, [0, 1, 2]),
        ("killed", [{"at": 2}] * 4, [2]),
        ("awaits", [{"how": how} for how in ("returns", "raises", "exits", "returns")], [1, 2]),
        ("in_batches", [{"n": n} for n in (1, 2, 13, 4, 5, 15, 7)], [2, 5]),
    ],
)
def test_outcomes_are_accepted_in_a_worker_of_several_tenants(
    running: Running, task_type: str, inputs: list[dict[str, Any]], failed: list[int]
) -> None:
    running.add(0, FakeChunk("process_id", [{}], extra={"tenant": "a"}))
    running.add(1, FakeChunk(task_type, inputs, extra={"tenant": "b"}))

    running.run_until_final(0, 1, slots=1)

    outcomes = running.callbacks.outcomes(1)
    assert sorted(outcomes) == [*range(len(inputs))]
    assert [n for n in sorted(outcomes) if outcomes[n].outcome == "failed"] == failed


def test_longest_idle_child_ends_for_another_tenant(running: Running) -> None:
    first, second, third, again, last = processes_of(running, "abcba")

    assert len({first, second, third, last}) == 4
    assert again == second


def test_output_is_logged_with_its_task(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    running.add(0, FakeChunk("raises", [{"message": "x"}]))

    with caplog.at_level("INFO", logger="shoal.output"):
        running.run_until_final(0)

    (record,) = (each for each in caplog.records if each.message == "about to fail")
    assert vars(record)["task"].endswith(".0")


def test_excess_output_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    output_log = OutputLog()

    with caplog.at_level(logging.INFO, logger="shoal.output"):
        for number in range(100):
            output_log.write(1, b"%d\n" % number * 100, {})

    assert 400 <= len(caplog.records) < 1_000


def test_excess_output_without_line_ends_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    output_log = OutputLog()

    with caplog.at_level(logging.INFO, logger="shoal.output"):
        for number in range(10_000):
            output_log.write(1, b"no end", {"task": number})

    assert 400 <= len(caplog.records) < 1_000


def test_line_printed_in_parts_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    output_log = OutputLog()

    with caplog.at_level(logging.INFO, logger="shoal.output"):
        for piece in (b"one", b" ", b"line\nand ano", b"ther"):
            output_log.write(1, piece, {"task": "a"})
        output_log.write(2, b"other child\n", {"task": "b"})
        output_log.end(1)

    records = [(record.message, vars(record)["task"]) for record in caplog.records]
    assert records == [("one line", "a"), ("other child", "b"), ("and another", "a")]


@pytest.mark.parametrize("chunk_size", [6, 1])
def test_rapid_output_is_attributed_to_its_tasks(
    running: Running, caplog: pytest.LogCaptureFixture, chunk_size: int
) -> None:
    for chunk in range(6 // chunk_size):
        inputs = [{"words": ["task", n]} for n in range(chunk * chunk_size, 6)][:chunk_size]
        running.add(chunk, FakeChunk("prints_words", inputs, first=chunk * chunk_size))

    with caplog.at_level("INFO", logger="shoal.output"):
        running.run_until_final(*range(6 // chunk_size), slots=6)

    lines = sorted((each.message, vars(each).get("task", "")[-2:]) for each in caplog.records)
    assert [line for line in lines if line[0].startswith("task")] == [
        (f"task {n}", f".{n}") for n in range(6)
    ]
