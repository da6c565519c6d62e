"""`shoal` takes jobs in, follows them, and ends as they did."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.cli.commands import FAULT, NOBODY, finished, read_until, told
from tests.unit.handlers.edge import (
    World,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
)


def test_submit_prints_the_id_alone_and_wait_ends_as_the_job_did(shoal: Any) -> None:
    submitted = shoal("submit", "noop", "--count", "1")
    job = submitted.stdout.strip()
    start(job)
    run(job)

    waited = shoal("wait", job)

    assert (submitted.returncode, submitted.stderr) == (0, "")
    assert (waited.returncode, waited.stdout) == (0, "")
    assert "1/1 COMPLETED" in waited.stderr


def test_a_failed_job_is_1_and_its_last_failures_are_told_without_steering_the_terminal(
    shoal: Any,
) -> None:
    waited = shoal("wait", finished(error=FAULT))

    assert waited.returncode == 1
    assert "ValueError: no" in waited.stderr
    assert "\x1b" not in waited.stderr


def test_on_a_terminal_one_bar_follows_the_job(door: Any, tmp_path: Path) -> None:
    job = submit(count=2, chunk_size=1)
    start(job)
    report(lease(job), [outcome(0, error=FAULT)])
    ours, theirs = pty.openpty()
    waiting = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-m", "shoal", "wait", job],
        env=told(door, tmp_path) | {"TERM": "xterm", "COLUMNS": "100"},
        stderr=theirs,
    )
    os.close(theirs)
    assert door.asked.wait(60)
    shown = read_until(ours, "1/2 RUNNING · 1 failed · 0 retrying")
    report(lease(job, 1), [outcome(1)])
    shown += read_until(ours, "2/2 FAILED")

    assert waiting.wait(30) == 1
    assert "━" in shown


def test_each_way_to_end_has_its_code(shoal: Any, door: Any) -> None:
    live, done = submit(count=1), finished(result=1)
    codes = {
        "usage": shoal("submit", "noop", "-p", "nonsense").returncode,
        "unknown type": shoal("submit", "nothing").returncode,
        "timed out": shoal("wait", live, "--timeout", "0.1").returncode,
        "not found": shoal("get", NOBODY).returncode,
        "conflict": shoal("retry", done).returncode,
    }
    door.refusal = (401, {}, json.dumps({"message": "Unauthorized"}))
    codes["auth"] = shoal("list").returncode

    assert codes == {
        "usage": 2,
        "unknown type": 2,
        "timed out": 4,
        "not found": 5,
        "conflict": 7,
        "auth": 6,
    }


def test_a_cancelled_job_is_3(shoal: Any, world: World) -> None:
    job = submit(count=1)
    assert shoal("cancel", job).returncode == 0
    del world
    start(job)
    from handlers import monitor_completion  # noqa: PLC0415 - seals what the flag says

    monitor_completion.handler({"job": job, "generation": 1, "n": 1, "passes": 0, "seen": {}}, None)
    assert shoal("wait", job, "--timeout", "5").returncode == 3


def test_a_server_that_is_not_there_is_8(shoal: Any, door: Any) -> None:
    door.refusal = (501, {}, "")

    assert shoal("list").returncode == 8


def test_an_interrupt_is_130_and_says_that_the_job_goes_on(door: Any, tmp_path: Path) -> None:
    job = submit(count=1)
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs us may ignore it
    waiting = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-m", "shoal", "wait", job],
        env=told(door, tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, heard)
    assert door.asked.wait(60)

    waiting.send_signal(signal.SIGINT)
    _, complained = waiting.communicate(timeout=60)

    assert (waiting.returncode, f"{job} goes on" in complained) == (130, True)


def test_inputs_come_from_a_pipe(shoal: Any) -> None:
    job = shoal("submit", "noop", "--inputs", "-", said='{"a": 1}\n\n{"a": 2}\n').stdout.strip()

    assert shoal("submit", "noop", "--inputs", "-", said="[1]").returncode == 2
    assert json.loads(shoal("get", job, "-o", "json").stdout)["task_count"] == 2


def test_a_dry_run_asks_nobody(shoal: Any, door: Any) -> None:
    done = shoal("submit", "noop", "--grid", "lr=0.1,0.01", "--grid", "seed=0..9", "--dry-run")

    assert json.loads(done.stdout)["grid"] == {"lr": [0.1, 0.01], "seed": {"range": [0, 9]}}
    assert not door.asked.is_set()
