"""`shoal` as real processes, against the API's own handler behind a loopback server."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from handlers import api
from shoal import bootstrap
from shoal.adapters.memory.bulk import MemoryBulkRuns
from shoal.domain.export import Cursor
from shoal.ports.exports import ExportRun
from shoal.ports.workflow import ExecutionStatus
from tests.unit.handlers.edge import (
    World,
    call,
    callback,
    content,
    event,
    lease,
    new_world,
    outcome,
    report,
    run,
    start,
    submit,
)

TASKS = """
from shoal import task

@task
def sized(size: int = 1) -> int:
    half = size // 2
    if size == 13:
        raise ValueError("unlucky")
    return half
"""
NOBODY = "job_01J00000000000000000000000"


class _Door(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode() or None
        status, headers, given = self.server.refusal or self._asked(path, query, body)  # type: ignore[attr-defined]
        said = given.encode() if isinstance(given, str) else given
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def _asked(
        self, path: str, query: str, body: str | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.server.asked.set()  # type: ignore[attr-defined]
        given = event(self.command, path, body, query=query, headers=dict(self.headers))
        answer = api.handler(given, None)
        return answer["statusCode"], answer["headers"], content(answer)

    do_GET = do_POST = do_DELETE = do_PATCH = _answer  # noqa: N815 - their names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def world() -> World:
    made = new_world()
    bootstrap.use(made)
    return made


@pytest.fixture
def door() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    server.refusal = None  # type: ignore[attr-defined]
    server.asked = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def told(door: Any, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "PYTHONPATH": str(folder),
        "SHOAL_API_URL": f"http://127.0.0.1:{door.server_port}",
        "SHOAL_TOKEN": "token",
        "SHOAL_TASKS": "mine",
    }


@pytest.fixture
def shoal(door: Any, tmp_path: Path) -> Any:
    (tmp_path / "mine.py").write_text(TASKS)

    def call(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-m", "shoal", *words],
            env=told(door, tmp_path),
            cwd=tmp_path,
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return call


def finished(**failing: Any) -> str:
    """A job of two tasks that has ended; its second task failed if an error is given."""
    job = submit(count=2, chunk_size=2)
    start(job)
    report(lease(job), [outcome(0, result=1), outcome(1, **failing)])
    return job


FAULT = {"type": "ValueError", "message": "no\x1b[2J", "tail": "", "retryable": False}


def test_an_export_shows_its_url_alone(shoal: Any, world: World) -> None:
    job = finished(error=FAULT)
    cursor = Cursor(upload="u", index=None, results=1, missing=1, size=99, whole=True)
    done = ExportRun(ExecutionStatus.SUCCEEDED, 0.0, world.clock.now(), cursor)
    world.export_runs.describe = lambda *_: done  # type: ignore[method-assign]

    exported = shoal("export", job)

    assert exported.stdout.startswith(f"memory://results/exports/{job}/exp_")
    assert exported.stdout.count("\n") == 1
    assert exported.stderr == "1 results, 1 missing, 99 bytes\n"


def test_webhooks_show_their_secret_when_they_are_made(shoal: Any) -> None:
    made = json.loads(shoal("webhooks", "add", "https://a.test", "--event", "job.failed").stdout)
    listed = shoal("webhooks", "list")
    tested = shoal("webhooks", "test", made["id"])
    refused = shoal("webhooks", "add", "http://a.test")
    removed = shoal("webhooks", "remove", made["id"])

    assert made["secret"].startswith("whsec_")
    assert made["id"] in listed.stdout
    assert made["secret"] not in listed.stdout
    assert (tested.stdout, "is on its way" in tested.stderr) == ("", True)
    assert refused.returncode == 2
    assert (removed.returncode, shoal("webhooks", "deliveries", made["id"]).returncode) == (0, 5)


def test_results_say_how_many_are_missing_and_name_them_if_asked(
    shoal: Any, tmp_path: Path
) -> None:
    job, file = finished(error=FAULT), tmp_path / "results.jsonl"

    plain, named = shoal("results", job), shoal("results", job, "--missing", "--out", str(file))
    refused = shoal("results", job, "--out", str(tmp_path / "no" / "where"))

    assert [json.loads(line)["result"] for line in plain.stdout.splitlines()] == [1]
    assert plain.stderr == "1 task has no result; --missing names it\n"
    assert named.stdout == ""
    whys = [json.loads(line).get("missing") for line in file.read_text().splitlines()]
    assert whys == [None, "FAILED"]
    assert refused.returncode == 2


class AtOnce(MemoryBulkRuns):
    """Carries a bulk action out as soon as it is begun."""

    def start(self, tenant: str, action_id: str) -> None:
        while bootstrap.bulk().step(tenant, action_id):
            pass


def test_one_verb_goes_to_all_jobs_of_a_filter_and_says_what_came_of_it(
    shoal: Any, world: World
) -> None:
    bootstrap.use(replace(world, bulk_runs=AtOnce()))
    jobs = [submit(count=1, tags={"team": "ml"}) for _ in range(3)]
    ended = finished()
    world.clock.advance(1)

    counted = shoal("bulk", "cancel", "--tag", "team=ml", "--dry-run", "-o", "json")
    done = shoal("bulk", "cancel", "--type", "noop", "--yes")
    nobody = shoal("bulk", "cancel", "--yes")
    unasked = shoal("bulk", "cancel", "--type", "noop")
    listed = shoal("bulk-actions", "-o", "jsonl")
    too_late = shoal("abort", json.loads(counted.stdout)["id"])

    assert json.loads(counted.stdout)["done"] == 3
    assert done.returncode == 0, done.stderr
    assert "3 done · 1 refused" in done.stderr
    assert ended in done.stderr
    assert all(world.jobs.get(job).ending == "CANCELLED" for job in jobs)  # type: ignore[union-attr]
    assert (nobody.returncode, unasked.returncode) == (2, 2)
    assert "--yes" in unasked.stderr
    assert len(listed.stdout.splitlines()) == 2
    assert too_late.returncode == 7


def test_a_bulk_action_that_was_not_meant_does_nothing(
    door: Any, tmp_path: Path, world: World
) -> None:
    bootstrap.use(replace(world, bulk_runs=AtOnce()))
    job = submit(count=1)
    world.clock.advance(1)
    ours, theirs = pty.openpty()

    asking = subprocess.Popen(
        [sys.executable, "-m", "shoal", "bulk", "cancel", "--type", "noop"],
        env=told(door, tmp_path) | {"TERM": "xterm"},
        stdin=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    _read_until(ours, "cancel 1 jobs?")
    os.write(ours, b"n\n")

    assert asking.wait(30) == 130
    assert world.jobs.get(job).ending is None  # type: ignore[union-attr]


def test_failures_are_shown_by_cause(shoal: Any) -> None:
    job = finished(error=FAULT)

    shown = shoal("failures", job, "-o", "jsonl")

    (cause,) = map(json.loads, shown.stdout.splitlines())
    assert (cause["error_type"], cause["count"]) == ("ValueError", 1)
    assert cause["examples"][0]["task_id"] == f"{job}.1"


def test_attempts_are_listed_with_their_workers(shoal: Any) -> None:
    job = finished(error=FAULT)

    shown = shoal("attempts", f"{job}.1", "-o", "wide")
    piped = shoal("attempts", f"{job}.1", "-o", "json")

    heads, row = shown.stdout.splitlines()
    assert heads.split()[:4] == ["ATTEMPT", "OUTCOME", "WORKER", "EPOCH"]
    assert row.split()[:4] == ["1", "failed", "w-1", "1"]
    assert "no\x1b" not in row
    assert json.loads(piped.stdout)[0]["error"]["type"] == "ValueError"


def test_workers_are_listed(shoal: Any) -> None:
    types = [{"name": "noop", "schema": {}}]
    callback("workers", {"worker": "w-7", "task_types": types, "every": 60.0, "slots": 4})

    shown = shoal("workers")

    assert "w-7" in shown.stdout
    assert "alive" in shown.stdout


def test_open_goes_to_the_profiles_console(shoal: Any, tmp_path: Path) -> None:
    config = tmp_path / ".config" / "shoal" / "config.toml"
    nowhere = shoal("open", "--no-browser")
    config.parent.mkdir(parents=True)
    config.write_text('default = "here"\n[profiles.here]\nconsole_url = "https://console.test/"\n')

    at = [shoal("open", *words, "--no-browser").stdout for words in ((), ("job_1",), ("job_1.7",))]

    assert nowhere.returncode == 2
    assert at == [
        "https://console.test/jobs\n",
        "https://console.test/jobs/job_1\n",
        "https://console.test/jobs/job_1?task=7\n",
    ]


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
    shown = _read_until(ours, "1/2 RUNNING · 1 failed · 0 retrying")
    report(lease(job, 1), [outcome(1)])
    shown += _read_until(ours, "2/2 FAILED")

    assert waiting.wait(30) == 1
    assert "━" in shown


def _read_until(terminal: int, text: str) -> str:
    shown = ""
    while text not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown):
        shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


def test_some_failed_tasks_are_retried_by_index_or_by_cause(shoal: Any) -> None:
    by_index, by_cause = finished(error=FAULT), finished(error=FAULT)
    (cause,) = call("GET", f"/jobs/{by_cause}/failures").json["items"]

    answers = [
        shoal("retry", by_index, "--index", "1", "-o", "json"),
        shoal("retry", by_cause, "--cause", cause["cause"], "-o", "json"),
    ]
    refused = [
        shoal("retry", by_index, *words).returncode
        for words in (("--index", "1-x"), ("--index", "1", "--cause", "x"), ("--index", "0-99999"))
    ]

    chosen = [json.loads(answer.stdout)["selection"] for answer in answers]
    assert chosen == [{"cause": None, "tasks": 1}, {"cause": cause["cause"], "tasks": None}]
    assert refused == [2, 2, 2]


def test_a_clone_prints_its_id_and_has_what_is_given(shoal: Any) -> None:
    job = submit(count=1, name="a", tags={"x": "y"})

    cloned = shoal("clone", job, "--name", "b", "--priority", "low", "--max-attempts", "3")
    body = call("GET", f"/jobs/{cloned.stdout.strip()}").json

    assert cloned.returncode == 0
    assert (body["name"], body["priority"], body["tags"]) == ("b", "low", {"x": "y"})
    assert body["retry"]["max_attempts"] == 3


def test_a_few_tasks_are_retried_first(shoal: Any) -> None:
    job = finished(error=FAULT)

    refused = [
        shoal("retry", job, *words).returncode
        for words in (
            ("--canary", "lots"),
            ("--canary", "200%"),
            ("--bar", "90%"),
            ("--canary", "1%", "--index", "1"),
        )
    ]
    done = shoal("retry", job, "--canary", "1%", "--bar", "0.75", "-o", "json")

    canary = json.loads(done.stdout)["canary"]
    assert (canary["share"], canary["bar"], canary["tried"]) == (0.01, 0.75, 1)
    assert refused == [2, 2, 2, 2]


def test_failed_tasks_are_discarded_with_a_reason(shoal: Any) -> None:
    job = finished(error=FAULT)

    done = shoal("discard", job, "--reason", "no use", "--index", "1", "-o", "json")
    refused = [
        shoal("discard", job, *words).returncode
        for words in (("--all",), ("--reason", "x"), ("--reason", "x", "--all", "--index", "1"))
    ]

    (said,) = json.loads(done.stdout)["discards"]
    assert (said["tasks"], said["reason"]) == (1, "no use")
    assert refused == [2, 2, 2]
    assert shoal("retry", job).returncode == 7


def test_an_open_job_is_set_otherwise(shoal: Any) -> None:
    job = submit(count=4, max_parallelism=2)

    shown = [
        json.loads(shoal("set", job, *words, "-o", "json").stdout)
        for words in (
            ("--priority", "high", "--max-parallelism", "3"),
            ("--max-parallelism", "none", "--tag", "a=b"),
        )
    ]
    refused = [shoal("set", job, *words).returncode for words in ((), ("--max-parallelism", "x"))]

    assert [(each["priority"], each["max_parallelism"], each["tags"]) for each in shown] == [
        ("high", 3, {}),
        ("high", None, {"a": "b"}),
    ]
    assert refused == [2, 2]


def test_a_job_is_deleted_once(shoal: Any) -> None:
    job = finished(result=1)

    assert [shoal("delete", job).returncode for _ in range(2)] == [0, 5]
    assert shoal("list", "-o", "name").stdout == ""


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


def test_lists_come_in_the_form_that_was_asked_for(shoal: Any) -> None:
    jobs = [submit(count=1), submit(count=1)]

    table = shoal("list").stdout.splitlines()
    named = shoal("list", "-o", "name").stdout.split()
    read = json.loads(shoal("list", "-o", "json").stdout)
    lines = shoal("list", "-o", "jsonl").stdout.splitlines()

    assert table[0].split()[:2] == ["ID", "STATUS"]
    assert sorted(named) == sorted(jobs) == sorted(each["id"] for each in read)
    assert len(lines) == 2


def test_jobs_are_listed_by_what_is_known_of_them(shoal: Any, world: World) -> None:
    world.clock.time = time.time() - 3_600
    old = submit(count=1, name="nightly-1", tags={"team": "ml"})
    world.clock.advance(3_600)
    new = submit(task_type="sized", count=1, name="nightly-2", tags={"team": "ops"})

    listed = {
        words: shoal("list", *words.split(), "-o", "name").stdout.split()
        for words in [
            "--since 30m",
            "--until 30m --name nightly",
            "--type sized --status PENDING --status FAILED",
            "--tag team=ml",
            "--tag team --limit 1",
        ]
    }

    assert [*listed.values()] == [[new], [old], [new], [old], [new]]
    assert shoal("list", "--since", "yesterday").returncode == 2
    assert shoal("list", "--since", f"{10**9}d").returncode == 2


def test_tasks_are_listed_by_what_came_of_them(shoal: Any) -> None:
    job = submit(count=6, chunk_size=2)
    start(job)
    for chunk in range(3):
        report(
            lease(job, chunk), [outcome(2 * chunk) | {"duration": chunk}, outcome(2 * chunk + 1)]
        )

    listed = {
        words: shoal("tasks", job, *words.split(), "-o", "name").stdout.split()
        for words in ["--slowest 2", "--start 1 --end 3", "--attempts 2", f"--cause {'0' * 16}"]
    }

    assert [*listed.values()] == [[f"{job}.4", f"{job}.2"], [f"{job}.1", f"{job}.2"], [], []]
    assert shoal("tasks", job, "--cause", "x").returncode == 2


def test_a_map_has_a_letter_a_task(shoal: Any) -> None:
    job = submit(count=150, chunk_size=50)
    start(job)
    run(job, 1)

    assert shoal("map", job).stdout.split() == ["P" * 50 + "C" * 50, "P" * 50]


def test_inputs_come_from_a_pipe(shoal: Any) -> None:
    job = shoal("submit", "noop", "--inputs", "-", said='{"a": 1}\n\n{"a": 2}\n').stdout.strip()

    assert shoal("submit", "noop", "--inputs", "-", said="[1]").returncode == 2
    assert json.loads(shoal("get", job, "-o", "json").stdout)["task_count"] == 2


def test_a_dry_run_asks_nobody(shoal: Any, door: Any) -> None:
    done = shoal("submit", "noop", "--grid", "lr=0.1,0.01", "--grid", "seed=0..9", "--dry-run")

    assert json.loads(done.stdout)["grid"] == {"lr": [0.1, 0.01], "seed": {"range": [0, 9]}}
    assert not door.asked.is_set()


def test_why_events_and_queues_are_shown(shoal: Any) -> None:
    job, other = submit(count=1), submit(count=1)
    assert shoal("pause", job).returncode == 0

    reason, *_ = json.loads(shoal("why", job, "-o", "json").stdout)
    of_task = shoal("why", f"{job}.0", "-o", "name")
    of_job = [json.loads(line) for line in shoal("events", job, "-o", "jsonl").stdout.splitlines()]
    of_all = shoal("events").stdout
    table = shoal("queues").stdout.splitlines()

    assert reason["code"] == "paused"
    assert of_task.returncode == 0
    assert {each["action"] for each in of_job} == {"pause", "submit"}
    assert other in of_all
    assert [line.split()[0] for line in table] == ["PRIORITY", "high", "normal", "low"]
    assert len(shoal("events", "--limit", "2").stdout.splitlines()) == 1 + 2


def test_replay_meets_the_same_exception_at_the_same_line(shoal: Any) -> None:
    tail = 'Traceback:\n  File "/srv/mine.py", line 8, in sized\n    raise\nValueError: unlucky\n'
    there = {"type": "ValueError", "message": "unlucky", "tail": tail, "retryable": False}
    job = submit(task_type="sized", count=1, params={"size": 13})
    start(job)
    report(lease(job), [outcome(0, error=there)])

    found = shoal("replay", f"{job}.0", "-o", "json")

    said = json.loads(found.stdout)
    assert (found.returncode, said["same"]) == (0, True)
    assert said["place_here"] == said["place_there"] == "mine.py:8"


def test_replay_tells_when_it_ends_otherwise(shoal: Any) -> None:
    job = submit(task_type="sized", count=1, params={"size": 8})
    start(job)
    report(lease(job), [outcome(0, result=5)])

    found = shoal("replay", f"{job}.0", "-o", "json")

    said = json.loads(found.stdout)
    assert (found.returncode, said["result_there"], said["result_here"]) == (1, 5, 4)


def test_replay_of_an_earlier_attempt_is_compared_with_that_one(shoal: Any) -> None:
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

    said = json.loads(first.stdout)
    assert (first.returncode, said["same"], said["attempt"], said["worker"]) == (0, True, 1, "w-1")
    assert "attempt 1, which w-1 ran" in first.stderr
    assert json.loads(latest.stdout)["attempt"] == 2
    assert (none.returncode, "shoal attempts" in none.stderr) == (2, True)


def test_starting_loads_nothing_that_is_slow() -> None:
    code = (
        "import sys\nfrom shoal.__main__ import main\nmain(['--help'])\n"
        "slow = {'httpx', 'pydantic', 'rich', 'boto3', 'pygments'} & sys.modules.keys()\n"
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_asking_the_api_loads_nothing_that_draws(door: Any, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom shoal.__main__ import main\nmain(['list'])\n"
        "slow = {'rich', 'boto3', 'pygments', 'click'} & sys.modules.keys()\n"
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env=told(door, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_workers_half_is_in_the_help_and_can_be_reached_with_a_profile(shoal: Any) -> None:
    offered = json.loads(shoal("--profile", "any", "worker", "check").stdout)

    assert "  worker " in shoal("--help").stdout
    assert [each["name"] for each in offered] == ["sized"]


def test_workers_need_no_typer() -> None:
    code = (
        "import sys\nsys.modules['typer'] = None\nfrom shoal.__main__ import main\n"
        "sys.exit(main(['worker', 'check']))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert "SHOAL_TASKS" in done.stderr
