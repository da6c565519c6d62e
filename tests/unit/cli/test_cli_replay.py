"""`shoal replay` runs a task on this machine and compares the outcomes."""

import json
from typing import Any

from tests.unit.handlers.http_calls import (
    lease,
    outcome,
    report,
    start,
    submit,
)


def test_replay_raises_the_same_exception_at_the_same_line(shoal: Any) -> None:
    tail = 'Traceback:\n  File "/srv/mine.py", line 8, in sized\n    raise\nValueError: unlucky\n'
    there = {"type": "ValueError", "message": "unlucky", "tail": tail, "retryable": False}
    job = submit(task_type="sized", count=1, params={"size": 13})
    start(job)
    report(lease(job), [outcome(0, error=there)])

    found = shoal("replay", f"{job}.0", "-o", "json")

    row = json.loads(found.stdout)
    assert (found.returncode, row["same"]) == (0, True)
    assert row["place_here"] == row["place_there"] == "mine.py:8"


def test_replay_reports_a_different_result(shoal: Any) -> None:
    job = submit(task_type="sized", count=1, params={"size": 8})
    start(job)
    report(lease(job), [outcome(0, result=5)])

    found = shoal("replay", f"{job}.0", "-o", "json")

    row = json.loads(found.stdout)
    assert (found.returncode, row["result_there"], row["result_here"]) == (1, 5, 4)


def test_replay_compares_with_an_earlier_attempt(shoal: Any) -> None:
    there = {"type": "ValueError", "message": "unlucky", "tail": "", "retryable": True}
    job = submit(
        task_type="sized",
        count=1,
        params={"size": 13},
        retry={"max_attempts": 2, "backoff": 0.0},
    )
    start(job)
    report(lease(job), [outcome(0, error=there)])
    report(lease(job, request="request-2"), [outcome(0, result=1) | {"attempt": 2}])

    first = shoal("replay", f"{job}.0", "--attempt", "1", "-o", "json")
    latest = shoal("replay", f"{job}.0", "-o", "json")
    none = shoal("replay", f"{job}.0", "--attempt", "3")

    row = json.loads(first.stdout)
    assert (first.returncode, row["same"], row["attempt"], row["worker"]) == (0, True, 1, "w-1")
    assert "attempt 1 on w-1" in first.stderr
    assert json.loads(latest.stdout)["attempt"] == 2
    assert (none.returncode, "shoal attempts" in none.stderr) == (2, True)
