"""`shoal` shows what there is, in the form that was asked for."""

import json
import time
from pathlib import Path
from typing import Any

from shoal.domain.export import Cursor
from shoal.ports.exports import ExportRun
from shoal.ports.workflow import ExecutionStatus
from tests.unit.cli.commands import FAULT, finished
from tests.unit.handlers.edge import (
    World,
    callback,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
)


def test_an_export_shows_its_url_alone(shoal: Any, world: World) -> None:
    job = finished(error=FAULT)
    cursor = Cursor(upload="u", index=None, results=1, missing=1, size=99, whole=True)
    done = ExportRun(ExecutionStatus.SUCCEEDED, 0.0, world.clock.now(), cursor)
    world.export_runs.describe = lambda *_: done  # type: ignore[method-assign]

    exported = shoal("export", job)

    assert exported.stdout.startswith(f"memory://results/exports/{job}/exp_")
    assert exported.stdout.count("\n") == 1
    assert exported.stderr == "1 results, 1 missing, 99 bytes\n"


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
