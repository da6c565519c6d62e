"""Coalescing of short chunks into one assignment."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoal.settings import task_environment
from shoal.worker.assignment import AssignedTask, Assignment
from shoal.worker.coalescing import TaskPace, coalesced
from shoal.worker.fork_client import ForkClient
from shoal.worker.pool import Pool
from shoal.worker.segment import Segment
from tests.unit.worker.running_worker import TASKS
from tests.unit.worker.worker_fakes import DEADLINE


def paced(seconds: float) -> TaskPace:
    pace = TaskPace()
    pace.note("acts", [b'{"index":0,"duration":%.6f,"result":null}' % seconds])
    return pace


class Chunk:
    """The owner of a segment."""

    def __init__(self, number: int, *hows: str, path: Path, **differs: Any) -> None:
        tasks: list[AssignedTask] = [
            (10 * number + i, 1, {"how": how, "path": str(path)}) for i, how in enumerate(hows)
        ]
        whole = Assignment("acts", "job_1", number, 1, 60.0, one_by_one=True, tasks=tasks)
        self.segment = Segment(self, whole._replace(**differs), tenant="a")
        self.received: list[dict[str, Any]] = []
        self.over = threading.Event()

    def outcomes(self, outcomes: list[bytes]) -> None:
        self.received += map(json.loads, outcomes)

    def ended(self) -> None:
        self.over.set()

    @property
    def results(self) -> list[int]:
        """The process id of each completed task."""
        return [each["result"] for each in self.received]


class Serving:
    """A pool that queues its commands until `serve_until_over`."""

    def __init__(self, fork_client: ForkClient, folder: Path) -> None:
        self.pool = Pool(fork_client, pace=paced(0.000_01))
        self.folder = folder
        self.thread = threading.Thread(target=self.pool.serve)
        os.mkfifo(folder / "pipe")

    def chunk(self, number: int, *hows: str, **differs: Any) -> Chunk:
        return Chunk(number, *hows, path=self.folder, **differs)

    def serve_until_over(self, *chunks: Chunk) -> None:
        if not self.thread.is_alive():
            self.thread.start()
        assert all(chunk.over.wait(DEADLINE) for chunk in chunks)

    def let_go(self) -> None:
        """Ends the task that waits for the pipe."""
        (self.folder / "pipe").write_bytes(b"go")

    @property
    def runs(self) -> list[str]:
        return (self.folder / "runs").read_text().split()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with ForkClient([TASKS], environment=task_environment()) as fork_client:
        serving = Serving(fork_client, tmp_path)
        yield serving
        serving.pool.close()
        serving.thread.join(DEADLINE)


def test_short_chunks_share_a_child_and_receive_their_own_outcomes(serving: Serving) -> None:
    chunks = [serving.chunk(number, "a", "b") for number in range(4)]

    serving.pool.run(*(chunk.segment for chunk in chunks))
    serving.serve_until_over(*chunks)

    received = [[each["index"] for each in chunk.received] for chunk in chunks]
    assert received == [[0, 1], [10, 11], [20, 21], [30, 31]]
    assert len({process for chunk in chunks for process in chunk.results}) == 1


def test_death_of_a_child_fails_only_the_current_task(serving: Serving) -> None:
    chunks = [serving.chunk(0, "a"), serving.chunk(1, "b", "dies", "c"), serving.chunk(2, "d")]

    serving.pool.run(*(chunk.segment for chunk in chunks))
    serving.serve_until_over(*chunks)

    ends = [[each["outcome"] for each in chunk.received] for chunk in chunks]
    assert ends == [["completed"], ["completed", "failed", "completed"], ["completed"]]
    assert sorted(serving.runs) == [
        "a",
        "b",
        "c",
        "d",
        "dies",
    ]  # in another order if the segment was split


def test_segments_behind_a_long_task_run_once_in_another_child(serving: Serving) -> None:
    before, long = serving.chunk(0, "a"), serving.chunk(1, "b", "waits", "c")
    behind = [serving.chunk(number, "d", "e") for number in (2, 3)]

    serving.pool.run(*(chunk.segment for chunk in (before, long, *behind)))
    serving.serve_until_over(before, *behind)

    assert not long.over.is_set()
    assert [each["index"] for each in long.received] in (
        [10],
        [],
    )  # none yet if the segment was split
    serving.let_go()
    serving.serve_until_over(long)
    assert [each["index"] for each in long.received] == [10, 11, 12]
    assert sorted(serving.runs) == ["a", "b", "c", "d", "d", "e", "e", "waits"]


@pytest.mark.parametrize("end", [Pool.stop, Pool.kill, Pool.cancel])
def test_ending_one_segment_does_not_end_the_others(serving: Serving, end: Any) -> None:
    first, second, third = (serving.chunk(number, "a") for number in range(3))

    serving.pool.run(first.segment, second.segment, third.segment)
    end(serving.pool, second.segment)
    serving.serve_until_over(first, second, third)

    assert [len(chunk.received) for chunk in (first, second, third)] in ([1, 0, 1], [1, 1, 1])


@pytest.mark.parametrize("end", [Pool.stop, Pool.kill])
def test_segment_that_is_ended_before_its_first_task_never_starts(
    serving: Serving, end: Any
) -> None:
    long, ended, other = serving.chunk(0, "waits"), serving.chunk(1, "b"), serving.chunk(2, "c")

    serving.pool.run(long.segment, ended.segment, other.segment)
    end(serving.pool, ended.segment)
    serving.serve_until_over(ended, other)
    serving.let_go()
    serving.serve_until_over(long)

    assert [len(chunk.received) for chunk in (long, ended, other)] == [1, 0, 1]
    assert "b" not in serving.runs


@pytest.mark.parametrize(
    ("seconds", "tasks", "sizes"),
    [(0.000_01, 1, [6]), (0.001, 1, [5, 1]), (0.001, 2, [4, 4, 4]), (0.01, 1, [1] * 6)],
)
def test_expected_duration_limits_the_number_of_coalesced_tasks(
    tmp_path: Path, seconds: float, tasks: int, sizes: list[int]
) -> None:
    chunks = [Chunk(number, *["a"] * tasks, path=tmp_path) for number in range(6)]

    wholes = coalesced([chunk.segment for chunk in chunks], paced(seconds), lambda _: None)

    assert [len(whole.assignment.tasks) for whole in wholes] == sizes


def test_unknown_types_are_not_coalesced(tmp_path: Path) -> None:
    chunks = [Chunk(number, "a", path=tmp_path) for number in range(3)]

    assert len([*coalesced([chunk.segment for chunk in chunks], TaskPace(), lambda _: None)]) == 3


@pytest.mark.parametrize(
    "differs", [{"job_id": "job_2"}, {"epoch": 2}, {"timeout": 9.0}, {"one_by_one": False}]
)
def test_segments_with_visible_differences_are_not_coalesced(
    tmp_path: Path, differs: dict[str, Any]
) -> None:
    one, other = Chunk(0, "a", path=tmp_path), Chunk(1, "a", path=tmp_path, **differs)

    assert len([*coalesced([one.segment, other.segment], paced(0.0), lambda _: None)]) == 2


def test_one_long_task_stops_coalescing_for_a_while() -> None:
    pace = paced(0.000_01)
    before = pace.max_tasks("acts")

    pace.note("acts", [b'{"index":0,"duration":2.0,"result":null}'])
    after = pace.max_tasks("acts")
    for _ in range(60):
        pace.note("acts", [b'{"index":0,"duration":0.000010,"result":null}'])

    assert (before, after, pace.max_tasks("acts")) == (100, 0, 100)
