"""Commands that submit and follow jobs, and their exit codes."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.cli.commands import FAULT, UNKNOWN_JOB, ended_job, environment, read_until
from tests.unit.handlers.http_calls import (
    World,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
)


def test_submit_prints_only_the_id_and_wait_exits_with_the_jobs_status(shoal: Any) -> None:
    submitted = shoal("submit", "noop", "--count", "1")
    job = submitted.stdout.strip()
    start(job)
    run(job)

    waited = shoal("wait", job)

    assert (submitted.returncode, submitted.stderr) == (0, "")
    assert (waited.returncode, waited.stdout) == (0, "")
    assert "1/1 COMPLETED" in waited.stderr


def test_failed_job_exits_1_and_its_failures_are_printed_without_control_characters(
    shoal: Any,
) -> None:
    waited = shoal("wait", ended_job(error=FAULT))

    assert waited.returncode == 1
    assert "ValueError: no" in waited.stderr
    assert "\x1b" not in waited.stderr


def test_progress_bar_is_drawn_on_a_terminal(server: Any, tmp_path: Path) -> None:
    job = submit(count=2, chunk_size=1)
    start(job)
    report(lease(job), [outcome(0, error=FAULT)])
    ours, theirs = pty.openpty()
    waiting = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-m", "shoal", "wait", job],
        env=environment(server, tmp_path) | {"TERM": "xterm", "COLUMNS": "100"},
        stderr=theirs,
    )
    os.close(theirs)
    assert server.called.wait(60)
    shown = read_until(ours, "1/2 RUNNING · 1 failed · 0 retrying")
    report(lease(job, 1), [outcome(1)])
    shown += read_until(ours, "2/2 FAILED")

    assert waiting.wait(30) == 1
    assert "━" in shown


def test_each_kind_of_error_has_its_exit_code(shoal: Any, server: Any) -> None:
    live, done = submit(count=1), ended_job(result=1)
    codes = {
        "usage": shoal("submit", "noop", "-p", "nonsense").returncode,
        "unknown type": shoal("submit", "nothing").returncode,
        "timed out": shoal("wait", live, "--timeout", "0.1").returncode,
        "not found": shoal("get", UNKNOWN_JOB).returncode,
        "conflict": shoal("retry", done).returncode,
    }
    server.override = (401, {}, json.dumps({"message": "Unauthorized"}))
    codes["auth"] = shoal("list").returncode

    assert codes == {
        "usage": 2,
        "unknown type": 2,
        "timed out": 4,
        "not found": 5,
        "conflict": 7,
        "auth": 6,
    }


def test_cancelled_job_exits_3(shoal: Any, world: World) -> None:
    job = submit(count=1)
    assert shoal("cancel", job).returncode == 0
    del world
    start(job)
    from handlers import monitor_completion  # noqa: PLC0415 - imported after the world is set

    monitor_completion.handler({"job": job, "generation": 1, "n": 1, "passes": 0, "seen": {}}, None)
    assert shoal("wait", job, "--timeout", "5").returncode == 3


def test_server_error_exits_8(shoal: Any, server: Any) -> None:
    server.override = (501, {}, "")

    assert shoal("list").returncode == 8


def test_interrupt_exits_130_and_the_job_continues(server: Any, tmp_path: Path) -> None:
    job = submit(count=1)
    previous = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # the parent process may ignore it
    waiting = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-m", "shoal", "wait", job],
        env=environment(server, tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, previous)
    assert server.called.wait(60)

    waiting.send_signal(signal.SIGINT)
    _, stderr = waiting.communicate(timeout=60)

    assert (waiting.returncode, f"{job} continues to run" in stderr) == (130, True)


def test_inputs_are_read_from_stdin(shoal: Any) -> None:
    job = shoal("submit", "noop", "--inputs", "-", stdin='{"a": 1}\n\n{"a": 2}\n').stdout.strip()

    assert shoal("submit", "noop", "--inputs", "-", stdin="[1]").returncode == 2
    assert json.loads(shoal("get", job, "-o", "json").stdout)["task_count"] == 2


def test_dry_run_sends_no_request(shoal: Any, server: Any) -> None:
    done = shoal("submit", "noop", "--grid", "lr=0.1,0.01", "--grid", "seed=0..9", "--dry-run")

    assert json.loads(done.stdout)["grid"] == {"lr": [0.1, 0.01], "seed": {"range": [0, 9]}}
    assert not server.called.is_set()
