"""A job in a state that a later version of the code wrote: shown, not changed, not leased."""

from dataclasses import replace

import pytest

from handlers import sweep
from shoal.adapters.rows.later_versions import member
from shoal.domain.job import Job, JobStatus
from tests.unit.handlers.http_calls import World, call, lease, start, submit


def changed_by_a_later_version(world: World) -> Job:
    job = submit(count=2)
    start(job)
    found = world.jobs.get(job)
    assert found is not None
    after = replace(found, status=member(JobStatus, "WAITING"), version=found.version + 1)
    world.jobs.put(after)
    return after


def test_job_of_an_unknown_status_is_shown(world: World) -> None:
    job = changed_by_a_later_version(world)

    (listed,) = call("GET", "/jobs").json["items"]
    shown = call("GET", f"/jobs/{job.id}")

    assert (listed["status"], shown.json["status"]) == ("WAITING", "WAITING")
    assert shown.json["counts"]["pending"] == 2
    for path in ("why", "map", "tasks", "results", "failures", "events"):
        assert call("GET", f"/jobs/{job.id}/{path}").status == 200, path


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry"])
def test_job_of_an_unknown_status_is_not_changed(world: World, verb: str) -> None:
    job = changed_by_a_later_version(world)

    answer = call("POST", f"/jobs/{job.id}/{verb}")
    deleted = call("DELETE", f"/jobs/{job.id}")

    assert (answer.status, deleted.status) == (503, 503)
    assert world.jobs.get(job.id) == job


def test_chunk_of_a_job_of_an_unknown_status_is_held(world: World) -> None:
    job = changed_by_a_later_version(world)

    assert lease(job.id)["decision"] == "held"


def test_sweep_keeps_a_job_of_an_unknown_status_and_recovers_the_others(world: World) -> None:
    job = changed_by_a_later_version(world)
    other = submit(count=1)
    world.workflow.restore({"_executions": {}})

    assert sweep.handler({}, None) == {"watched": 2, "failed": 1}

    assert world.jobs.watches(job.id)
    assert world.workflow.describe(job.id, 1, 1) is None
    assert world.workflow.describe(other, 1, 1) is not None
