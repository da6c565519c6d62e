"""Commands that read: lists, results, diagnostics, and their output formats."""

import json
import time
from pathlib import Path
from typing import Any

from shoal.domain.export import Cursor
from shoal.ports.exports import ExportRun
from shoal.ports.workflow import ExecutionStatus
from tests.unit.cli.commands import FAULT, ended_job
from tests.unit.handlers.http_calls import (
    World,
    callback,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
)


def test_export_prints_only_its_url(shoal: Any, world: World) -> None:
    job = ended_job(error=FAULT)
    cursor = Cursor(upload="u", index=None, results=1, missing=1, size=99, whole=True)
    done = ExportRun(ExecutionStatus.SUCCEEDED, 0.0, world.clock.now(), cursor)
    world.export_runs.describe = lambda *_: done  # type: ignore[method-assign]

    exported = shoal("export", job)

    assert exported.stdout.startswith(f"memory://results/exports/{job}/exp_")
    assert exported.stdout.count("\n") == 1
    assert exported.stderr == "1 results, 1 missing, 99 bytes\n"


def test_results_count_the_missing_ones_and_include_them_on_request(
    shoal: Any, tmp_path: Path
) -> None:
    job, file = ended_job(error=FAULT), tmp_path / "results.jsonl"

    plain, full = shoal("results", job), shoal("results", job, "--missing", "--out", str(file))
    refused = shoal("results", job, "--out", str(tmp_path / "no" / "where"))

    assert [json.loads(line)["result"] for line in plain.stdout.splitlines()] == [1]
    assert plain.stderr == "1 task has no result; --missing lists it\n"
    assert full.stdout == ""
    reasons = [json.loads(line).get("missing") for line in file.read_text().splitlines()]
    assert reasons == [None, "FAILED"]
    assert refused.returncode == 2


def test_failures_are_grouped_by_cause(shoal: Any) -> None:
    job = ended_job(error=FAULT)

    shown = shoal("failures", job, "-o", "jsonl")

    (cause,) = map(json.loads, shown.stdout.splitlines())
    assert (cause["error_type"], cause["count"]) == ("ValueError", 1)
    assert cause["examples"][0]["task_id"] == f"{job}.1"


def test_attempts_are_listed_with_their_workers(shoal: Any) -> None:
    job = ended_job(error=FAULT)

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


def test_open_uses_the_console_url_of_the_profile(shoal: Any, tmp_path: Path) -> None:
    config = tmp_path / ".config" / "shoal" / "config.toml"
    no_url = shoal("open", "--no-browser")
    config.parent.mkdir(parents=True)
    config.write_text('default = "here"\n[profiles.here]\nconsole_url = "https://console.test/"\n')

    urls = [
        shoal("open", *words, "--no-browser").stdout for words in ((), ("job_1",), ("job_1.7",))
    ]

    assert no_url.returncode == 2
    assert urls == [
        "https://console.test/jobs\n",
        "https://console.test/jobs/job_1\n",
        "https://console.test/jobs/job_1?task=7\n",
    ]


def test_list_has_four_output_formats(shoal: Any) -> None:
    jobs = [submit(count=1), submit(count=1)]

    table = shoal("list").stdout.splitlines()
    named = shoal("list", "-o", "name").stdout.split()
    read = json.loads(shoal("list", "-o", "json").stdout)
    lines = shoal("list", "-o", "jsonl").stdout.splitlines()

    assert table[0].split()[:2] == ["ID", "STATUS"]
    assert sorted(named) == sorted(jobs) == sorted(each["id"] for each in read)
    assert len(lines) == 2


def test_list_filters_jobs(shoal: Any, world: World) -> None:
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


def test_tasks_are_filtered_and_sorted_by_duration(shoal: Any) -> None:
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


def test_map_prints_one_letter_for_each_task(shoal: Any) -> None:
    job = submit(count=150, chunk_size=50)
    start(job)
    run(job, 1)

    assert shoal("map", job).stdout.split() == ["P" * 50 + "C" * 50, "P" * 50]


def test_why_events_and_queues_print_rows(shoal: Any) -> None:
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
