"""Commands that change something: jobs, bulk actions, webhooks."""

import json
import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from shoal import bootstrap
from shoal.adapters.memory.bulk import MemoryBulkRuns
from tests.unit.cli.commands import FAULT, ended_job, environment, read_until
from tests.unit.handlers.http_calls import (
    World,
    call,
    submit,
)


def test_webhook_secret_is_shown_only_when_it_is_added(shoal: Any) -> None:
    made = json.loads(shoal("webhooks", "add", "https://a.test", "--event", "job.failed").stdout)
    listed = shoal("webhooks", "list")
    tested = shoal("webhooks", "test", made["id"])
    refused = shoal("webhooks", "add", "http://a.test")
    removed = shoal("webhooks", "remove", made["id"])

    assert made["secret"].startswith("whsec_")
    assert made["id"] in listed.stdout
    assert made["secret"] not in listed.stdout
    assert (tested.stdout, "queued test event" in tested.stderr) == ("", True)
    assert refused.returncode == 2
    assert (removed.returncode, shoal("webhooks", "deliveries", made["id"]).returncode) == (0, 5)


class ImmediateBulkRuns(MemoryBulkRuns):
    """Runs a bulk action when it is started."""

    def start(self, tenant: str, action_id: str, *, ending: bool = False) -> None:
        del ending
        while bootstrap.bulk_actions().step(tenant, action_id):
            pass


def test_bulk_action_applies_to_all_jobs_of_a_filter(shoal: Any, world: World) -> None:
    bootstrap.use(replace(world, bulk_runs=ImmediateBulkRuns()))
    jobs = [submit(count=1, tags={"team": "ml"}) for _ in range(3)]
    ended = ended_job()
    world.clock.advance(1)

    counted = shoal("bulk", "cancel", "--tag", "team=ml", "--dry-run", "-o", "json")
    done = shoal("bulk", "cancel", "--type", "noop", "--yes")
    unfiltered = shoal("bulk", "cancel", "--yes")
    unconfirmed = shoal("bulk", "cancel", "--type", "noop")
    listed = shoal("bulk-actions", "-o", "jsonl")
    too_late = shoal("abort", json.loads(counted.stdout)["id"])

    assert json.loads(counted.stdout)["done"] == 3
    assert done.returncode == 0, done.stderr
    assert "3 done · 1 refused" in done.stderr
    assert ended in done.stderr
    assert all(world.jobs.get(job).ending == "CANCELLED" for job in jobs)  # type: ignore[union-attr]
    assert (unfiltered.returncode, unconfirmed.returncode) == (2, 2)
    assert "--yes" in unconfirmed.stderr
    assert len(listed.stdout.splitlines()) == 2
    assert too_late.returncode == 7


def test_bulk_action_without_confirmation_does_nothing(
    server: Any, tmp_path: Path, world: World
) -> None:
    bootstrap.use(replace(world, bulk_runs=ImmediateBulkRuns()))
    job = submit(count=1)
    world.clock.advance(1)
    ours, theirs = pty.openpty()

    asking = subprocess.Popen(
        [sys.executable, "-m", "shoal", "bulk", "cancel", "--type", "noop"],
        env=environment(server, tmp_path) | {"TERM": "xterm"},
        stdin=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    read_until(ours, "Cancel 1 job?")
    os.write(ours, b"n\n")

    assert asking.wait(30) == 130
    assert world.jobs.get(job).ending is None  # type: ignore[union-attr]


def test_failed_tasks_are_retried_by_index_or_cause(shoal: Any) -> None:
    by_index, by_cause = ended_job(error=FAULT), ended_job(error=FAULT)
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


def test_clone_prints_its_id_and_has_the_changes(shoal: Any) -> None:
    job = submit(count=1, name="a", tags={"x": "y"})

    cloned = shoal("clone", job, "--name", "b", "--priority", "low", "--max-attempts", "3")
    body = call("GET", f"/jobs/{cloned.stdout.strip()}").json

    assert cloned.returncode == 0
    assert (body["name"], body["priority"], body["tags"]) == ("b", "low", {"x": "y"})
    assert body["retry"]["max_attempts"] == 3


def test_retry_with_a_canary_retries_a_share_first(shoal: Any) -> None:
    job = ended_job(error=FAULT)

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
    job = ended_job(error=FAULT)

    done = shoal("discard", job, "--reason", "no use", "--index", "1", "-o", "json")
    refused = [
        shoal("discard", job, *words).returncode
        for words in (("--all",), ("--reason", "x"), ("--reason", "x", "--all", "--index", "1"))
    ]

    (discard,) = json.loads(done.stdout)["discards"]
    assert (discard["tasks"], discard["reason"]) == (1, "no use")
    assert refused == [2, 2, 2]
    assert shoal("retry", job).returncode == 7


def test_set_changes_an_open_job(shoal: Any) -> None:
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


def test_job_is_deleted_once(shoal: Any) -> None:
    job = ended_job(result=1)

    assert [shoal("delete", job).returncode for _ in range(2)] == [0, 5]
    assert shoal("list", "-o", "name").stdout == ""
