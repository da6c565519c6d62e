"""What a worker answers to probes, over HTTP."""

import socket
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoal.wire.worker import Lease, LeaseAnswer, LeaseRequest, RemoteUnavailable
from shoal.worker import health
from shoal.worker.health import MAX_CALL_SECONDS, STUCK_SECONDS, ThreadWatchdog
from shoal.worker.probes import CannotListen, Probes
from tests.unit.worker.running_worker import Eventually, Running
from tests.unit.worker.worker_fakes import JOB, FakeChunk, FakeClock


@pytest.fixture(autouse=True)
def _threads_look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that those that only wait show it soon after the clock was moved on."""
    monkeypatch.setattr(health, "IDLE_SECONDS", 0.02)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Opened at the end, whatever happens, so that nobody stays behind it."""
    opened = threading.Event()
    yield opened
    opened.set()


def fetch_until(running: Running, gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start a worker whose fetcher asks for a lease and has no answer before the gate opens."""
    asked = threading.Event()

    def lease(_: LeaseRequest) -> LeaseAnswer:
        asked.set()
        gate.wait()
        return LeaseAnswer(leases=[Lease(job_id=JOB, chunk=0, decision="done")])

    monkeypatch.setattr(running.callbacks, "lease", lease)
    running.add(0, FakeChunk("echo", [{}]))
    running.start(lease=0.3)
    assert asked.wait(10)


def test_a_worker_that_waits_for_work_is_alive_and_ready(running: Running) -> None:
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.registered)

    assert running.get("/healthz") == (200, "ok\n")
    assert running.get("/readyz") == (200, "ok\n")


def test_a_thread_that_does_not_come_back_from_a_call_is_named(
    running: Running,
    gate: threading.Event,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch_until(running, gate, monkeypatch)

    running.clock.ahead += MAX_CALL_SECONDS + STUCK_SECONDS + 1

    eventually(lambda: running.get("/healthz") == (503, "threads stuck for over 60 s: fetcher\n"))
    gate.set()
    eventually(lambda: running.get("/healthz")[0] == 200)


def test_a_reporter_that_hangs_between_calls_is_named_after_a_minute(
    running: Running,
    gate: threading.Event,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck = threading.Event()

    def stale() -> None:
        stuck.set()
        gate.wait()

    running.callbacks.report_decision = lambda _: "stale"
    running.add(0, FakeChunk("echo", [{}]))
    running.start(lease=0.3)
    monkeypatch.setattr(running.worker._reporter._meters, "stale", stale)  # noqa: SLF001
    assert stuck.wait(10)

    running.clock.ahead += STUCK_SECONDS + 1

    eventually(lambda: running.get("/healthz") == (503, "threads stuck for over 60 s: reporter\n"))


def test_a_call_may_take_longer_than_a_minute(
    running: Running,
    gate: threading.Event,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch_until(running, gate, monkeypatch)

    running.clock.ahead += MAX_CALL_SECONDS

    eventually(lambda: running.get("/healthz")[0] == 200)


def test_an_api_that_is_away_makes_no_worker_sick(running: Running, eventually: Eventually) -> None:
    running.callbacks.faults["register"] = deque([RemoteUnavailable("throttled", 250.0)])
    running.start(lease=0.3)
    running.callbacks.wait_for(lambda: not running.callbacks.faults["register"])

    running.clock.ahead += 240

    eventually(lambda: running.get("/healthz")[0] == 200)
    assert running.get("/readyz") == (503, "not registered with the API yet\n")


def test_a_worker_that_drains_is_alive_but_not_ready(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    gate = tmp_path / "open"
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}]))
    running.start()
    eventually((tmp_path / "open.0.began").exists)

    running.worker.drain()

    eventually(lambda: running.get("/readyz") == (503, "draining\n"))
    assert running.get("/healthz") == (200, "ok\n")
    gate.touch()
    assert running.join() == 0


def test_nothing_else_is_answered(running: Running) -> None:
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.registered)

    assert running.get("/")[0] == 404


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CannotListen, match=str(port)), Probes(("127.0.0.1", port), {}):
            pass


def test_without_an_address_nobody_listens() -> None:
    with Probes(None, {}) as probes:
        assert probes.port == 0


def test_a_thread_is_silent_a_minute_after_its_turn_was_due() -> None:
    clock = FakeClock()
    watchdog = ThreadWatchdog(lambda: clock.ahead)

    with watchdog.watch("heart"):
        watchdog.ping(20)
        clock.ahead = 80
        assert watchdog.stuck() == []
        clock.ahead = 81
        assert watchdog.stuck() == ["heart"]
        watchdog.ping()
        assert watchdog.stuck() == []
    clock.ahead = 1_000
    assert watchdog.stuck() == []


def test_only_threads_that_have_to_turn_are_heard() -> None:
    watchdog = ThreadWatchdog(lambda: 0.0)

    watchdog.ping(-1_000)

    assert watchdog.stuck() == []
