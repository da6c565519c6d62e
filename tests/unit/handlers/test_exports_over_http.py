"""Tests of exports of all results of a job to one file."""

import gzip
import json

import pytest

from handlers import export_results
from shoal.domain.export import Cursor
from shoal.ports.exports import ExportRun
from shoal.ports.workflow import ExecutionStatus
from tests.unit.handlers.http_calls import (
    Json,
    World,
    call,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
)

FAULT = {"type": "ValueError", "message": "no", "tail": "", "retryable": False}
DAY = 86_400


def begin(job: str, key: str | None = None) -> Json:
    headers = {"Idempotency-Key": key} if key else {}
    answer = call("POST", f"/jobs/{job}/exports", headers=headers)
    assert answer.status == 202, answer.text
    return answer.json


def carried_out(world: World, *, twice: bool = False) -> int:
    """Run the state machine of the latest export; return the number of loops."""
    tenant, job, export = world.export_runs.started[-1]
    given = {"tenant": tenant, "job": job, "export": export}
    said, turns = export_results.handler({**given, "cursor": given}, None), 1
    while said["more"]:
        if twice:  # an answer was lost: the same turn again
            export_results.handler({**given, "cursor": json.loads(json.dumps(said))}, None)
        said = export_results.handler({**given, "cursor": json.loads(json.dumps(said))}, None)
        turns += 1
    now = world.clock.now()
    world.export_runs.runs[job, export] = ExportRun(
        ExecutionStatus.SUCCEEDED, began_at=now, ended_at=now, cursor=Cursor.from_state(said)
    )
    return turns


def lines(world: World) -> list[Json]:
    (file,) = world.export_files.files.values()
    return [json.loads(line) for line in gzip.decompress(file).decode().splitlines()]


def half_done(chunks: int = 4) -> str:
    job = submit(count=2 * chunks, chunk_size=2)
    start(job)
    run(job, 0)
    report(lease(job, 1), [outcome(2, error=FAULT), outcome(3, result="x" * 2_000)])
    return job


def test_an_export_is_written_and_linked_to(world: World) -> None:
    job = half_done()
    begun = begin(job)
    assert (begun["status"], begun["url"]) == ("RUNNING", None)

    carried_out(world)

    found = call("GET", f"/jobs/{job}/exports/{begun['id']}").json
    assert (found["status"], found["results"], found["missing"]) == ("DONE", 3, 5)
    assert begun["id"] in found["url"]
    assert found["size"] == len(next(iter(world.export_files.files.values())))


def test_the_file_has_the_same_line_per_task_as_the_results_route(world: World) -> None:
    job = half_done()
    begin(job)
    carried_out(world)

    streamed = call("GET", f"/jobs/{job}/results", query="format=jsonl&limit=1000").text

    assert lines(world) == [json.loads(line) for line in streamed.splitlines()]


@pytest.mark.parametrize("twice", [False, True])
def test_repeated_parts_are_written_once(
    world: World, monkeypatch: pytest.MonkeyPatch, *, twice: bool
) -> None:
    monkeypatch.setattr("shoal.service.exports.PART_BYTES", 1)
    monkeypatch.setattr("shoal.service.exports.PAGE", 1)
    job = half_done()
    begin(job)

    turns = carried_out(world, twice=twice)

    assert turns > 3
    assert [line["index"] for line in lines(world)] == [*range(8)]


def test_a_repeated_key_returns_the_same_export_and_is_audited_once(world: World) -> None:
    job = half_done()

    first, again, other = begin(job, "k"), begin(job, "k"), begin(job, "k2")

    assert first["id"] == again["id"] != other["id"]
    assert len(world.export_runs.started) == 2
    acts = call("GET", f"/jobs/{job}/events").json["items"]
    noted = {a["detail"]["export"] for a in acts if a["action"] == "export"}
    assert noted == {first["id"], other["id"]}
    assert len(acts) == 3  # with the submission


def test_an_expired_file_has_no_link(world: World) -> None:
    job = half_done()
    export = begin(job)
    carried_out(world)
    world.clock.advance(7 * DAY)

    found = call("GET", f"/jobs/{job}/exports/{export['id']}").json

    assert (found["status"], found["url"]) == ("EXPIRED", None)


def test_a_failed_export_has_its_error(world: World) -> None:
    job = half_done()
    export = begin(job)
    world.export_runs.runs[job, export["id"]] = ExportRun(
        ExecutionStatus.FAILED, ended_at=world.clock.now(), error="JobNotFound"
    )

    found = call("GET", f"/jobs/{job}/exports/{export['id']}").json

    assert (found["status"], found["error"]) == ("FAILED", "JobNotFound")


@pytest.mark.parametrize("export", ["exp_" + "0" * 26, "nonsense", "exp_x"])
def test_an_unknown_export_is_404(export: str) -> None:
    assert call("GET", f"/jobs/{half_done()}/exports/{export}").status == 404


def test_an_export_of_another_job_is_404(world: World) -> None:
    assert world
    job, other = half_done(), submit(count=1)
    export = begin(job)

    assert call("GET", f"/jobs/{other}/exports/{export['id']}").status == 404


def test_an_export_of_an_unknown_job_is_404() -> None:
    assert call("POST", f"/jobs/job_{'0' * 26}/exports").status == 404
