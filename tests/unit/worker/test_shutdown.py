"""Shutdown of a worker: on request, with empty queues, or after a fatal error."""

import os
import signal
import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from shoal.settings import task_environment
from shoal.wire.worker import RemoteUnavailable
from shoal.worker.fork_client import BadTasks, ForkClient
from tests.unit.worker.running_worker import TASKS, Eventually, Running
from tests.unit.worker.worker_fakes import FakeChunk


def test_worker_exits_when_the_queues_are_empty(running: Running) -> None:
    running.add(0, FakeChunk("echo", [{}] * 10))

    running.start(until_empty=True)

    assert running.join() == 0
    assert len(running.callbacks.outcomes(0)) == 10
    assert running.deliveries.deleted == ["r0"]


def test_worker_waits_for_an_in_flight_message(running: Running) -> None:
    running.add(0, FakeChunk("echo", [{}] * 3))
    (held,) = running.deliveries.receive("normal", limit=1, wait=0, visibility=60)
    running.start(until_empty=True)
    running.deliveries.wait_for(lambda: running.deliveries.counted > 3)

    assert running.alive
    running.deliveries.come_back(held.receipt)

    assert running.join() == 0
    assert len(running.callbacks.outcomes(0)) == 3


def test_worker_does_not_exit_while_a_task_runs(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    gate = tmp_path / "open"
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}]))
    running.start(until_empty=True)
    eventually((tmp_path / "open.0.began").exists)
    rounds = len(running.deliveries.limits)
    running.deliveries.wait_for(lambda: len(running.deliveries.limits) > rounds + 12)

    assert running.alive
    gate.touch()
    assert running.join() == 0


def test_drain_finishes_the_current_task_and_releases_the_others(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    gate = tmp_path / "open"
    receipt = running.add(0, FakeChunk("waits_for", [{"path": str(gate)}] * 3))
    running.start()
    eventually((tmp_path / "open.0.began").exists)

    running.worker.drain()
    eventually(lambda: "draining" in running.get("/readyz")[1])
    gate.touch()

    assert running.join() == 0
    assert list(running.callbacks.outcomes(0)) == [0]
    assert running.callbacks.final(0)
    assert running.deliveries.deleted == [receipt]


def test_task_that_exceeds_the_grace_period_is_released_without_an_outcome(
    running: Running,
) -> None:
    running.add(0, FakeChunk("hangs", [{"at": 1}] * 3))
    running.start(grace=0.2)
    running.callbacks.wait_for(lambda: running.callbacks.lease_requests)

    assert running.leave() == 0

    assert running.callbacks.final(0)
    assert 1 not in running.callbacks.outcomes(0)


@pytest.mark.parametrize(("grace", "longest"), [(25.0, 20.0), (5.0, 3.0), (0.5, 1.0)])
def test_long_poll_ends_before_the_grace_period(
    running: Running, grace: float, longest: float
) -> None:
    running.start(grace=grace, weights={"normal": 1})
    running.deliveries.wait_for(lambda: any(running.deliveries.waits))

    assert running.leave() == 0

    assert max(running.deliveries.waits) == longest


def test_drain_releases_an_isolated_chunk(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    gate = tmp_path / "open"
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}] * 3, isolated=True))
    running.start()
    eventually((tmp_path / "open.0.began").exists)

    running.worker.drain()
    gate.touch()

    assert running.join() == 0
    assert list(running.callbacks.outcomes(0)) == [0]
    assert running.callbacks.final(0)


def test_death_of_the_heartbeat_thread_stops_the_worker(running: Running) -> None:
    running.add(0, FakeChunk("hangs", [{}]))
    running.callbacks.faults["heartbeat"] = deque([RuntimeError("a bug")])

    running.start(lease=0.3)

    assert running.join() == 1


def test_death_of_the_reporter_stops_the_worker(running: Running) -> None:
    running.add(0, FakeChunk("echo", [{}]))
    running.callbacks.faults["report"] = deque([RuntimeError("a bug")])

    running.start()

    assert running.join() == 1


def test_death_of_the_fork_server_stops_the_worker(running: Running, tmp_path: Path) -> None:
    environment = {**task_environment(), "TMPDIR": str(tmp_path)}
    running.fork_client = ForkClient([TASKS], environment=environment)
    running.add(0, FakeChunk("hangs", [{}]))
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.lease_requests)

    os.kill(running.fork_client.pid, signal.SIGKILL)

    assert running.join() == 1
    assert list(tmp_path.iterdir()) == []


def test_heartbeats_continue_while_the_api_is_unavailable(running: Running) -> None:
    running.add(0, FakeChunk("hangs", [{}]))
    running.callbacks.faults["heartbeat"] = deque([RemoteUnavailable("lost")] * 3)

    running.start(lease=0.3, grace=0.1)
    running.callbacks.wait_for(lambda: len(running.callbacks.heartbeats) > 4)

    assert running.leave() == 0


def test_import_error_of_a_task_module_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_tasks.py").write_text("import no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)

    fork_client = ForkClient(["broken_tasks"], environment=task_environment())
    with pytest.raises(BadTasks, match="no_such_module"), fork_client:
        pass


OWNER = """
import sys, threading
sys.path.insert(0, {here!r})
from shoal.settings import task_environment
from shoal.worker.assignment import Assignment
from shoal.worker.fork_client import ForkClient
from shoal.worker.pool import Pool
from shoal.worker.segment import Segment

class Owner:
    def outcomes(self, outcomes): ...
    def ended(self): ...

with ForkClient(["worker_tasks"], environment=task_environment()) as fork_client:
    pool = Pool(fork_client)
    threading.Thread(target=pool.serve, daemon=True).start()
    given = {{"note": {note!r}}}
    task = Assignment("starts_a_process", "job", 0, 1, 60.0, True, [(0, 1, given)])
    pool.run(Segment(Owner(), task, tenant="a"))
    print(fork_client.pid, flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("victim", ["worker", "fork_server"])
def test_no_process_survives_a_killed_worker(
    tmp_path: Path, eventually: Eventually, victim: str
) -> None:
    note = tmp_path / "note"
    code = OWNER.format(here=str(Path(__file__).parent), note=str(note))
    command = [sys.executable, "-c", code]
    environment = {**task_environment(), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as owner:  # noqa: S603 - our own code
        assert owner.stdout is not None
        fork_client = int(owner.stdout.readline())
        eventually(lambda: note.exists() and note.read_text())
        (child,) = Path(f"/proc/{fork_client}/task/{fork_client}/children").read_text().split()

        os.kill(owner.pid if victim == "worker" else fork_client, signal.SIGKILL)
        eventually(lambda: not Path(f"/proc/{child}").exists())
        owner.kill()

    eventually(lambda: not Path(f"/proc/{fork_client}").exists())
    sleeper = Path(f"/proc/{note.read_text()}")
    if victim == "worker":
        eventually(lambda: not sleeper.exists())
    elif sleeper.exists():
        os.kill(int(sleeper.name), signal.SIGKILL)  # a killed fork server cannot kill subprocesses
