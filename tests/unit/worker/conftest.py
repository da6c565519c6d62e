import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks import container_run
from tests.unit.worker.container_attempts import QUICK, verbs_of_the_manifests
from tests.unit.worker.fake_kubernetes import FakeKubernetes
from tests.unit.worker.running_worker import Eventually, Running
from tests.unit.worker.worker_fakes import DEADLINE


def _children_of(parent: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.add(int(stat.parent.name))
    return found


@pytest.fixture
def running() -> Iterator[Running]:
    before = _children_of(os.getpid())
    world = Running()
    yield world
    if world.alive:
        world.worker.drain()
        world.join()
    assert _children_of(os.getpid()) <= before, "a process was left behind"


@pytest.fixture
def eventually() -> Eventually:
    """Polls until a condition outside of our processes holds."""

    def wait(holds: Callable[[], object]) -> None:
        pause = threading.Event()
        for _ in range(int(DEADLINE / 0.02)):
            if holds():
                return
            pause.wait(0.02)
        pytest.fail("deadline passed")

    return wait


@pytest.fixture
def fake_kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKubernetes]:
    """A cluster with exactly the permissions of a deployed worker."""
    monkeypatch.delenv("SHOAL_CONTAINER_NAMESPACE", raising=False)
    monkeypatch.delenv("SHOAL_CONTAINER_SERVICE_ACCOUNT", raising=False)
    monkeypatch.setattr(container_run, "SCHEDULE", QUICK)
    with FakeKubernetes(role=verbs_of_the_manifests()) as here:
        monkeypatch.setenv("KUBECONFIG", str(here.kubeconfig(tmp_path)))
        yield here
