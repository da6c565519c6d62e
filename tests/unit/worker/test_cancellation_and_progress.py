"""Cancellation, progress and retry delay of a running task."""

from pathlib import Path
from typing import Any

import pytest

from shoal.settings import task_environment
from shoal.worker import pool
from shoal.worker.fork_client import ForkClient
from tests.unit.worker.running_worker import TASKS, Eventually, Running
from tests.unit.worker.worker_fakes import FakeChunk


def cancelling(_: int) -> dict[str, Any]:
    return {"decision": "cancelled", "directive": "cancel"}


def test_cancellable_task_cleans_up_on_cancel(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    note = tmp_path / "note"
    receipt = running.add(0, FakeChunk("waits_for_cancel", [{"note": str(note)}] * 2))
    running.start(lease=0.3)
    eventually((tmp_path / "note.began").exists)

    running.callbacks.beat_decision = cancelling

    running.deliveries.wait_for(lambda: receipt in running.deliveries.deleted)
    assert note.read_text() == "cleaned up"
    assert running.leave() == 0
    assert running.callbacks.reports == []


def test_task_that_ignores_a_cancel_is_killed_after_the_grace_period(
    running: Running, tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "CLEAN_UP_SECONDS", 0.2)
    note = tmp_path / "note"
    receipt = running.add(0, FakeChunk("deaf", [{"note": str(note)}] * 2))
    running.start(lease=0.3)
    eventually((tmp_path / "note.0.began").exists)

    running.callbacks.beat_decision = cancelling

    running.deliveries.wait_for(lambda: receipt in running.deliveries.deleted)
    assert not (tmp_path / "note.1.began").exists()
    assert running.leave() == 0


@pytest.mark.parametrize(
    "task", ["raises_cancelled", "raises_cancelled_later", "raises_cancelled_in_batch"]
)
def test_task_that_raises_cancelled_without_a_cancel_fails(running: Running, task: str) -> None:
    """Without an outcome, its chunk would be delivered again forever."""
    running.add(0, FakeChunk(task, [{"how": "itself"}, {"how": "itself"}]))

    running.run_until_final(0)

    errors = [each.error for each in running.callbacks.outcomes(0).values()]
    assert [error and (error.type, error.retryable) for error in errors] == [
        ("Cancelled", True)
    ] * 2


@pytest.mark.parametrize(
    "task", ["raises_cancelled", "raises_cancelled_later", "raises_cancelled_in_batch"]
)
def test_task_that_lost_its_lease_has_no_outcome(running: Running, task: str) -> None:
    running.add(0, FakeChunk(task, [{"how": "lost"}]))

    running.run_until_final(0)

    assert running.callbacks.outcomes(0) == {}


def test_heartbeats_contain_the_progress_of_the_task(running: Running, tmp_path: Path) -> None:
    note = tmp_path / "note"
    running.add(0, FakeChunk("reports_progress", [{"note": str(note)}], first=7))
    running.start(lease=0.3)

    def reported() -> bool:
        beats = [beat for request in running.callbacks.heartbeats for beat in request.leases]
        return any((beat.index, beat.progress) == (7, 0.5) for beat in beats)

    running.callbacks.wait_for(reported)
    note.touch()
    assert running.leave() == 0


def test_task_sets_the_delay_of_its_retry(running: Running) -> None:
    running.add(0, FakeChunk("retries_after", [{"seconds": 90}]))

    running.run_until_final(0)

    error = running.callbacks.outcomes(0)[0].error
    assert (error.type, error.retryable, error.retry_after) == ("RetryAfter", True, 90.0)


def test_effects_fail_without_an_api(running: Running) -> None:
    running.fork_client = ForkClient([TASKS], environment=task_environment())
    running.add(0, FakeChunk("keeps", [{"key": "k", "note": "n"}]))

    running.run_until_final(0)

    assert running.callbacks.outcomes(0)[0].error.type == "NonRetryable"
