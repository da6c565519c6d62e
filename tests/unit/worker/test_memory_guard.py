"""The worker kills one child before the kernel kills the whole container."""

from pathlib import Path

import pytest

from shoal.settings import task_environment
from shoal.worker.assignment import ChildLimits
from shoal.worker.fork_client import ForkClient
from shoal.worker.memory_guard import MemoryGuard
from tests.unit.worker.running_worker import TASKS, Eventually, Running
from tests.unit.worker.worker_fakes import FakeChunk

LIMIT = 1_000_000_000


@pytest.fixture
def cgroup(tmp_path: Path) -> Path:
    """The files of a cgroup with a limit and low usage."""
    folder = tmp_path / "cgroup"
    folder.mkdir()
    (folder / "memory.max").write_text(f"{LIMIT}\n")
    uses(folder, 1)
    return folder


def uses(folder: Path, used: int, droppable: int = 0) -> None:
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {droppable}\nactive_file 2\n")
    (folder / "memory.current").write_text(f"{used}\n")


def test_container_without_a_limit_has_no_guard(tmp_path: Path, cgroup: Path) -> None:
    (cgroup / "memory.max").write_text("max\n")

    assert MemoryGuard.of_container(cgroup) is None
    assert MemoryGuard.of_container(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("used", "droppable", "expected"),
    [(900_000_000, 0, False), (950_000_000, 0, True), (990_000_000, 200_000_000, False)],
)
def test_reclaimable_memory_does_not_count_as_used(
    cgroup: Path, used: int, droppable: int, *, expected: bool
) -> None:
    memory = MemoryGuard.of_container(cgroup)
    uses(cgroup, used, droppable)

    assert memory is not None
    assert memory.is_nearly_exhausted() is expected


class Scarce(MemoryGuard):
    """Reports exhaustion once after `exhausted` is set, as if the kill had freed memory."""

    exhausted = False

    def is_nearly_exhausted(self) -> bool:
        short, self.exhausted = self.exhausted, False
        return short


@pytest.mark.parametrize("largest", ["holds", "hides_and_holds"])
def test_largest_child_is_killed_and_its_current_task_fails(
    running: Running, tmp_path: Path, cgroup: Path, eventually: Eventually, largest: str
) -> None:
    gate = tmp_path / "open"
    for chunk, (task_type, megabytes) in enumerate((("holds", 1), (largest, 60))):
        inputs = [{"megabytes": megabytes, "path": str(gate)}, {"megabytes": 0, "path": str(gate)}]
        running.add(chunk, FakeChunk(task_type, inputs, first=2 * chunk))
    running.memory = memory = Scarce(cgroup, LIMIT)
    running.start(slots=2)
    eventually((tmp_path / "open.0.holds").exists)
    eventually((tmp_path / "open.2.holds").exists)

    memory.exhausted = True
    eventually((tmp_path / "open.3.holds").exists)  # in a new child
    gate.touch()

    running.callbacks.wait_for(lambda: all(map(running.callbacks.final, (0, 1))))
    assert running.leave() == 0
    small, large = running.callbacks.outcomes(0), running.callbacks.outcomes(1)
    assert [small[0].outcome, large[3].outcome] == ["completed", "completed"]
    assert (large[2].error.type, large[2].error.retryable) == ("OutOfMemory", True)


def test_allocation_beyond_the_worker_limit_fails_its_task(running: Running) -> None:
    limits = ChildLimits(max_data=512 * 1024 * 1024)
    running.fork_client = ForkClient([TASKS], environment=task_environment(), limits=limits)
    running.add(0, FakeChunk("allocates_unlimited", [{"megabytes": 600}, {"megabytes": 1}]))

    running.run_until_final(0)

    first, second = running.callbacks.outcomes(0).values()
    assert (first.error.type, second.outcome) == ("MemoryError", "completed")
    assert first.error.message == "exceeded the memory limit of the worker"
