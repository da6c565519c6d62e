"""What a worker answers to probes and to Prometheus."""

import json
import threading
import time
from collections import deque
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shoal.wire.worker import Away
from shoal.worker.pulse import LONGEST_TURN, Pulse
from tests.unit.worker.worker_fakes import FakeChunk
from tests.unit.worker.worker_world import Eventually, Running


def figures(running: Running) -> dict[str, float]:
    """Each sample by its name and the values of its labels."""
    return {
        ",".join(
            [sample.name, *(sample.labels[each] for each in sorted(sample.labels))]
        ): sample.value
        for family in text_string_to_metric_families(running.ask("metrics").text)
        for sample in family.samples
    }


def test_a_worker_is_alive_and_ready_once_it_has_registered(running: Running) -> None:
    running.callbacks.faults["register"] = deque([Away("not yet")] * 3)
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.registered)

    assert running.ask("healthz").status_code == 200
    running.deliveries.wait_for(lambda: running.deliveries.limits)
    assert running.ask("readyz").status_code == 200


def test_a_worker_that_drains_is_alive_and_not_ready(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    gate = tmp_path / "open"
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}]))
    running.start()
    eventually((tmp_path / "open.0.began").exists)

    running.worker.drain()

    eventually(lambda: running.ask("readyz").status_code == 503)
    assert running.ask("healthz").status_code == 200
    gate.touch()
    assert running.join() == 0


def test_a_thread_that_is_stuck_shows(running: Running, eventually: Eventually) -> None:
    stuck, go_on = threading.Event(), threading.Event()

    def decide(_: object) -> str:
        stuck.set()
        go_on.wait(15)
        return "accepted"

    running.callbacks.report_decision = decide
    running.add(0, FakeChunk("echo", [{}]))
    running.start()
    eventually(stuck.is_set)
    assert running.ask("healthz").status_code == 200

    running.clock.ahead = LONGEST_TURN + 1

    assert running.ask("healthz").status_code == 503
    go_on.set()
    running.callbacks.wait_for(lambda: running.callbacks.final(0))
    assert running.leave() == 0


def test_a_thread_that_rests_is_alive_however_long() -> None:
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    pulse.turn()
    now[0] = LONGEST_TURN - 1
    assert pulse.alive

    pulse.rest()
    now[0] = 10 * LONGEST_TURN

    assert pulse.alive


def test_while_the_api_is_away_a_worker_is_alive(running: Running, eventually: Eventually) -> None:
    running.callbacks.faults["register"] = deque([Away("down")] * 1_000)
    running.start()
    before = len(running.callbacks.faults["register"])
    eventually(lambda: len(running.callbacks.faults["register"]) < before - 2)
    running.clock.ahead = LONGEST_TURN + 1

    eventually(lambda: running.ask("healthz").status_code == 200)


def test_figures_are_those_of_what_was_accepted(running: Running) -> None:
    running.add(0, FakeChunk("killed", [{"at": 2}] * 5))
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.final(0))
    running.deliveries.wait_for(lambda: running.deliveries.deleted)

    found = figures(running)

    assert found["shoal_tasks_total,completed,killed"] == 4
    assert found["shoal_tasks_total,failed,killed"] == 1
    assert found["shoal_task_seconds_count,killed"] == 5
    assert found["shoal_slots,free"] == 2
    assert found["shoal_slots,busy"] == 0
    assert found["shoal_lease_age_seconds"] == 0


def test_a_lease_in_hand_has_an_age_and_takes_a_slot(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    gate = tmp_path / "open"
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}]))
    running.start()
    eventually((tmp_path / "open.0.began").exists)
    running.clock.ahead = 30.0

    found = figures(running)

    assert found["shoal_slots,busy"] == 1
    assert found["shoal_lease_age_seconds"] >= 30
    gate.touch()


def test_a_refused_report_is_counted(running: Running) -> None:
    running.callbacks.report_decision = lambda _: "stale"
    running.add(0, FakeChunk("echo", [{}]))
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.reports)

    assert running.leave() == 0
    assert b"shoal_stale_reports_total 1.0" in running.meters.text()
    assert b'outcome="completed"' not in running.meters.text()


def test_later_attempts_and_the_wait_in_the_queue_are_counted(running: Running) -> None:
    chunk = FakeChunk("echo", [{}] * 3)
    chunk.extra = {"tasks": [{"index": n, "attempt": n + 1, "input": {}} for n in range(3)]}
    running.callbacks.chunks[0] = chunk
    running.deliveries.send(
        json.dumps({"job": f"job_{'0' * 26}", "chunk": 0}), sent_at=time.time() - 30
    )

    running.run_until_final(0)

    text = running.meters.text()
    assert b'shoal_task_retries_total{type="echo"} 2.0' in text
    assert b'shoal_queue_wait_seconds_bucket{le="15.0"} 0.0' in text
    assert b"shoal_queue_wait_seconds_count 1.0" in text


@pytest.mark.parametrize("path", ["", "metrics/x", "health"])
def test_nothing_else_is_there(running: Running, path: str) -> None:
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.registered)

    assert running.ask(path).status_code == 404
