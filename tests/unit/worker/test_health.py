"""Responses to probes over HTTP."""

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
def _threads_ping_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle threads ping soon after the clock has advanced."""
    monkeypatch.setattr(health, "IDLE_SECONDS", 0.02)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """An event that is always set at the end, so that no thread waits forever."""
    opened = threading.Event()
    yield opened
    opened.set()


def fetch_until(running: Running, gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts a worker whose lease call waits until the gate opens."""
    asked = threading.Event()

    def lease(_: LeaseRequest) -> LeaseAnswer:
        asked.set()
        gate.wait()
        return LeaseAnswer(leases=[Lease(job_id=JOB, chunk=0, decision="done")])

    monkeypatch.setattr(running.callbacks, "lease", lease)
    running.add(0, FakeChunk("echo", [{}]))
    running.start(lease=0.3)
    assert asked.wait(10)


def test_idle_worker_is_live_and_ready(running: Running) -> None:
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.registered)

    assert running.get("/healthz") == (200, "ok\n")
    assert running.get("/readyz") == (200, "ok\n")


def test_liveness_names_a_thread_stuck_in_a_call(
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


def test_liveness_names_a_stuck_reporter_after_a_minute(
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


def test_call_of_more_than_a_minute_is_not_stuck(
    running: Running,
    gate: threading.Event,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch_until(running, gate, monkeypatch)

    running.clock.ahead += MAX_CALL_SECONDS

    eventually(lambda: running.get("/healthz")[0] == 200)


def test_unavailable_api_does_not_fail_the_liveness_probe(
    running: Running, eventually: Eventually
) -> None:
    running.callbacks.faults["register"] = deque([RemoteUnavailable("throttled", 250.0)])
    running.start(lease=0.3)
    running.callbacks.wait_for(lambda: not running.callbacks.faults["register"])

    running.clock.ahead += 240

    eventually(lambda: running.get("/healthz")[0] == 200)
    assert running.get("/readyz") == (503, "not registered with the API yet\n")


def test_draining_worker_is_live_but_not_ready(
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


def test_other_paths_are_404(running: Running) -> None:
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.registered)

    assert running.get("/")[0] == 404


def test_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CannotListen, match=str(port)), Probes(("127.0.0.1", port), {}):
            pass


def test_probes_without_an_address_do_not_listen() -> None:
    with Probes(None, {}) as probes:
        assert probes.port == 0


def test_thread_is_stuck_a_minute_after_its_ping_was_due() -> None:
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


def test_pings_of_other_threads_are_ignored() -> None:
    watchdog = ThreadWatchdog(lambda: 0.0)

    watchdog.ping(-1_000)

    assert watchdog.stuck() == []
