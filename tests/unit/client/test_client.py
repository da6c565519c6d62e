"""The client: requests, pages, retries, waiting, and errors."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from shoal import bootstrap
from shoal.client import (
    AsyncShoal,
    BadRequest,
    Conflict,
    ExportFailed,
    NotFound,
    ServerError,
    Shoal,
    Unreachable,
    WaitTimeout,
    retries,
)
from shoal.client.failure_groups import merged
from shoal.client.models import Attempt, Counts, TaskFault
from shoal.domain.export import Cursor
from shoal.ports.exports import ExportRun
from shoal.ports.workflow import ExecutionStatus
from shoal.service import task_map, task_search
from tests.unit.client.conftest import serve
from tests.unit.handlers.http_calls import World, lease, outcome, report, run, start

FAULT = {"type": "ValueError", "message": "bad", "tail": "", "retryable": False}
type Connect = Callable[..., Shoal]


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.0)


def test_job_is_submitted_watched_and_read(shoal: Shoal) -> None:
    job = shoal.submit("noop", count=3, chunk_size=1, tags={"team": "ml"})
    start(job.id)
    for chunk in range(3):
        run(job.id, chunk)

    seen = [event.status for event in job.watch()]

    assert seen == ["COMPLETED"]
    assert (job.counts.completed, job.state.tags) == (3, {"team": "ml"})
    assert [each.result for each in job.results(limit=1)] == [{"i": 0}, {"i": 1}, {"i": 2}]


def test_failed_tasks_have_an_error_and_can_be_retried(shoal: Shoal) -> None:
    job = shoal.submit("noop", count=2, chunk_size=2)
    start(job.id)
    report(lease(job.id), [outcome(0), outcome(1, error=FAULT)])

    (failed,) = job.tasks(status="FAILED")

    assert (failed.index, failed.error and failed.error.type) == (1, "ValueError")
    assert job.wait(0).status == "FAILED"
    assert job.retry().state.generation == 2


@pytest.mark.parametrize("limit", [1, 1_000])
def test_results_include_missing_ones_on_request(shoal: Shoal, limit: int) -> None:
    job = shoal.submit("noop", count=4, chunk_size=2)
    start(job.id)
    report(lease(job.id), [outcome(0, error=FAULT), outcome(1, result=7)])

    found = [(r.index, r.result, r.missing) for r in job.results(limit=limit, missing=True)]

    assert [each.index for each in job.results(limit=limit)] == [1]
    assert found == [
        (0, None, "FAILED"),
        (1, 7, None),
        (2, None, "PENDING"),
        (3, None, "PENDING"),
    ]


def test_failed_tasks_are_retried_by_cause(shoal: Shoal) -> None:
    job = shoal.submit("noop", count=2, chunk_size=2)
    start(job.id)
    report(lease(job.id), [outcome(0, error=FAULT), outcome(1, error=FAULT)])
    (found,) = shoal.read(f"jobs/{job.id}/failures")["items"]

    with pytest.raises(BadRequest):
        job.retry(cause=found["cause"], indices=[1])
    with pytest.raises(BadRequest):
        job.retry(indices=[])
    again = job.retry(cause=found["cause"], canary={"share": 0.5})
    assert (again.state.raw["canary"]["tried"], again.state.raw["generation"]) == (1, 2)


def test_failed_tasks_are_retried_by_index(shoal: Shoal) -> None:
    job = shoal.submit("noop", count=2, chunk_size=2)
    start(job.id)
    report(lease(job.id), [outcome(0, error=FAULT), outcome(1, error=FAULT)])

    again = job.retry(indices=range(1, 2))

    assert again.state.raw["selection"] == {"cause": None, "tasks": 1}


def test_clone_is_a_separate_job(shoal: Shoal) -> None:
    job = shoal.submit("noop", count=2, name="a")

    other = job.clone(name="b", max_parallelism=1, idempotency_key="once")

    assert (other.state.name, other.state.task_count, job.state.name) == ("b", 2, "a")
    assert job.clone(name="b", max_parallelism=1, idempotency_key="once").id == other.id != job.id


def test_failed_tasks_are_discarded_by_cause_index_or_all(shoal: Shoal) -> None:
    job = shoal.submit("noop", count=2, chunk_size=2)
    start(job.id)
    report(lease(job.id), [outcome(0, error=FAULT), outcome(1, error=FAULT)])
    (found,) = shoal.read(f"jobs/{job.id}/failures")["items"]

    job.discard("no use", indices=[1])
    job.discard("no use", cause=found["cause"])
    job.discard("no use")

    discards = [(each["cause"], each["tasks"]) for each in job.state.raw["discards"]]
    assert discards == [(None, 1), (found["cause"], None), (None, None)]
    with pytest.raises(Conflict):
        job.retry()


def test_open_job_can_be_changed(shoal: Shoal) -> None:
    job = shoal.submit("noop", count=4, max_parallelism=1)

    job.change(priority="high", max_parallelism=None, name="b")

    raw = job.state.raw
    assert (raw["priority"], raw["max_parallelism"], raw["name"]) == ("high", None, "b")
    with pytest.raises(BadRequest):
        job.change()


def test_deleted_job_is_not_found(shoal: Shoal) -> None:
    job = shoal.submit("noop", count=1)
    with pytest.raises(Conflict):
        job.delete()
    start(job.id)
    run(job.id)

    job.delete()

    with pytest.raises(NotFound):
        job.refresh()
    assert [*shoal.jobs()] == []


def test_export_waits_for_its_end(shoal: Shoal, world: World) -> None:
    job = shoal.submit("noop", count=1)
    start(job.id)
    run(job.id)

    with pytest.raises(WaitTimeout, match="continues to run"):
        job.export(timeout=0.1)
    describe = world.export_runs.describe
    done = Cursor(upload="u", index=None, results=1, whole=True)
    world.export_runs.describe = lambda *each: (  # type: ignore[method-assign]
        describe(*each) and ExportRun(ExecutionStatus.SUCCEEDED, 0.0, world.clock.now(), done)
    )
    assert job.export()["url"]
    world.export_runs.describe = lambda *each: (  # type: ignore[method-assign]
        describe(*each) and ExportRun(ExecutionStatus.FAILED, error="Boom")
    )
    with pytest.raises(ExportFailed, match="Boom"):
        job.export()


def test_webhook_is_added_tested_rotated_and_removed(shoal: Shoal) -> None:
    hook = shoal.add_webhook("https://example.com/hook", events=["job.failed"], description="ops")
    rotated = shoal.rotate_webhook(hook["id"])
    sent = shoal.test_webhook(hook["id"])

    assert [each["events"] for each in shoal.webhooks()] == [["job.failed"]]
    assert hook["secret"] != rotated["secret"]
    assert sent["event_id"].startswith("test_")
    assert [*shoal.webhook_deliveries(hook["id"])] == []
    shoal.remove_webhook(hook["id"])
    shoal.remove_webhook(hook["id"])  # a repeated request is answered as the first
    assert [*shoal.webhooks()] == []
    with pytest.raises(NotFound):
        shoal.rotate_webhook(hook["id"])


def test_lost_response_adds_no_second_webhook(connect: Connect) -> None:
    lost: list[str] = []

    def lossy(request: httpx.Request) -> httpx.Response:
        answer = serve(request)
        if request.method == "POST" and not lost:
            lost.append(request.url.path)
            raise httpx.ReadTimeout("lost")
        return answer

    shoal = connect(lossy)
    hook = shoal.add_webhook("https://example.com/hook")

    assert [each["id"] for each in shoal.webhooks()] == [hook["id"]]
    assert hook["secret"]


def test_iteration_reads_all_pages(shoal: Shoal) -> None:
    ids = [shoal.submit("noop", count=1).id for _ in range(5)]

    assert {job.id for job in shoal.jobs(limit=2)} == set(ids)


def test_jobs_are_filtered(shoal: Shoal, world: World) -> None:
    old = shoal.submit("noop", count=1, name="nightly", tags={"team": "ml"}).id
    world.clock.advance(60)
    between = datetime.fromtimestamp(world.clock.now() - 30, UTC)
    new = shoal.submit("sized", count=1, tags={"team": "ops"}).id

    found = [
        [job.id for job in jobs]
        for jobs in [
            shoal.jobs(since=between),
            shoal.jobs(until=between.isoformat(), status=["PENDING", "FAILED"]),
            shoal.jobs(type="sized", tag="team"),
            shoal.jobs(name="night", tag="team=ml", limit=1),
        ]
    ]

    assert found == [[new], [old], [new], [old]]


def test_map_is_assembled_from_several_responses(
    shoal: Shoal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_map, "MOST_MIXED", 1)
    job = shoal.submit("noop", count=7, chunk_size=2)
    assert job.map() == b"PPPPPPP"
    start(job.id)
    for chunk in (0, 2):
        report(lease(job.id, chunk), [outcome(2 * chunk), outcome(2 * chunk + 1, error=FAULT)])
    lease(job.id, 3)

    assert job.map() == b"CFPPCFR"
    assert [each.failed for each in job.chunks()] == [1, 0, 1, 0]
    assert job.chunks()[3] == Counts(running=1)


def test_tasks_are_filtered_and_sorted_by_duration(
    shoal: Shoal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_search, "MOST_ROWS", 5)
    monkeypatch.setattr(task_search, "READ_AT_ONCE", 2)
    job = shoal.submit("noop", count=12, chunk_size=2)
    start(job.id)
    for chunk in range(6):
        took = [outcome(2 * chunk) | {"duration": chunk % 4}, outcome(2 * chunk + 1, error=FAULT)]
        report(lease(job.id, chunk), took)
    (cause,) = shoal.read(f"jobs/{job.id}/failures")["items"]

    assert [task.index for task in job.slowest(3)] == [6, 4, 2]
    assert [task.index for task in job.slowest(2, start=7, status="COMPLETED")] == [10, 8]
    assert [task.index for task in job.tasks(cause=cause["cause"], end=8)] == [1, 3, 5, 7]
    assert not [*job.tasks(attempts=2)]


def test_wait_raises_after_its_timeout(shoal: Shoal) -> None:
    job = shoal.submit("noop", count=1)

    with pytest.raises(WaitTimeout, match="continues to run"):
        job.wait(timeout=0.1)


def test_lost_response_submits_no_second_job(connect: Connect) -> None:
    lost: list[httpx.Response] = []

    def lossy(request: httpx.Request) -> httpx.Response:
        answer = serve(request)
        if request.method == "POST" and len(lost) < 2:
            lost.append(answer)
            raise httpx.ReadTimeout("lost") if len(lost) == 1 else httpx.ReadError("lost")
        return answer

    shoal = connect(lossy)
    job = shoal.submit("noop", count=1)

    assert [each.id for each in shoal.jobs()] == [job.id]


@pytest.mark.parametrize("status", [429, 503])
def test_transient_status_is_retried(connect: Connect, status: int) -> None:
    requests: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response:
        requests.append(request.method)
        return httpx.Response(status) if len(requests) < 4 else serve(request)

    assert connect(busy).submit("noop", count=1).status == "PENDING"
    assert len(requests) == 4


def test_retry_with_a_lost_response_is_not_sent_again(connect: Connect) -> None:
    job = connect().submit("noop", count=1)
    requests: list[str] = []

    def lossy(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            requests.append(request.url.path)
            raise httpx.ReadTimeout("lost")
        return serve(request)

    with pytest.raises(Unreachable):
        connect(lossy).job(job.id).retry()
    assert len(requests) == 1


def test_error_class_follows_the_status(shoal: Shoal) -> None:
    with pytest.raises(NotFound):
        shoal.job("job_01J00000000000000000000000")
    with pytest.raises(BadRequest) as refused:
        shoal.submit("sized", count=1, params={"size": 0})
    with pytest.raises(Conflict):
        shoal.submit("noop", count=1).retry()
    assert "params" in str(refused.value) or refused.value.errors


def test_response_without_a_problem_document_is_classified_by_status(connect: Connect) -> None:
    shoal = connect(lambda _: httpx.Response(502, text="<html>"))

    with pytest.raises(ServerError, match="502"):
        shoal.job("job_1")


def test_large_inputs_are_uploaded_first(connect: Connect, world: World) -> None:
    del world
    put: list[int] = []

    def storing(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            put.append(request.content.count(b"\n") + 1)
            assert "authorization" not in request.headers
            return httpx.Response(200)
        return serve(request)

    with pytest.raises(NotFound):  # the PUT did not reach the in-memory store
        connect(storing).submit("noop", inputs=({"text": "x" * 1_000} for _ in range(1_200)))
    assert put == [1_200]


def test_attempts_of_all_pages_are_in_order(
    shoal: Shoal, async_shoal: AsyncShoal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.routes.attempts.MAX_RESPONSE_BYTES", 600)
    job = shoal.submit("noop", count=1, retry={"max_attempts": 2, "backoff": 0.0})
    start(job.id)
    fault = {"type": "ValueError", "message": "no", "tail": "…", "retryable": True}
    report(lease(job.id), [outcome(0, error=fault)])
    report(lease(job.id, request="request-2"), [outcome(0) | {"attempt": 2}])

    async def read_attempts() -> list[Attempt]:
        async with async_shoal as client:
            return await client.attempts(f"{job.id}.0")

    first, second = shoal.attempts(f"{job.id}.0")

    assert (first.outcome, first.attempt, first.worker) == ("failed", 1, "w-1")
    assert first.error == TaskFault("ValueError", "no", "…", retryable=True)
    assert (second.outcome, second.epoch, second.error) == ("completed", 2, None)
    assert asyncio.run(read_attempts()) == [first, second]


def test_failures_of_several_pages_are_merged() -> None:
    pages = [
        {"cause": "a", "count": 2, "examples": [1, 2]},
        {"cause": "b", "count": 5, "examples": [3]},
        {"cause": "a", "count": 9, "examples": [4, 5]},
    ]

    assert merged(pages) == [
        {"cause": "a", "count": 11, "examples": [1, 2, 4]},
        {"cause": "b", "count": 5, "examples": [3]},
    ]


def test_bulk_action_is_started_awaited_and_aborted(shoal: Shoal, world: World) -> None:
    job = shoal.submit("noop", count=1, name="nightly")
    world.clock.advance(1)

    started = shoal.bulk("cancel", name="night", status="PENDING", since=datetime.now(UTC))
    while bootstrap.bulk_actions().step("default", started.id):
        pass
    ended = shoal.wait_bulk(started.id)

    assert (started.status, ended.status, ended.done) == ("RUNNING", "COMPLETED", 1)
    assert world.jobs.get(job.id).ending == "CANCELLED"  # type: ignore[union-attr]
    assert [each.id for each in shoal.bulk_actions()] == [started.id]
    with pytest.raises(Conflict):
        shoal.abort_bulk(started.id)
    other = shoal.bulk("cancel", name="night")
    assert shoal.abort_bulk(other.id).raw["aborting"]


def test_poll_without_a_change_costs_a_304(connect: Connect) -> None:
    statuses: list[int] = []

    def counting(request: httpx.Request) -> httpx.Response:
        answer = serve(request)
        statuses.append(answer.status_code)
        return answer

    job = connect().submit("noop", count=1)
    with pytest.raises(WaitTimeout):
        connect(counting).job(job.id).wait(0.4)
    assert statuses[:3] == [200, 200, 304]


def test_async_client_does_the_same(async_shoal: AsyncShoal) -> None:
    async def scenario() -> list[object]:
        async with async_shoal as shoal:
            job = await shoal.submit("noop", count=2, chunk_size=1)
            start(job.id)
            missing = [each.missing async for each in job.results(missing=True)]
            run(job.id, 0)
            run(job.id, 1)
            seen = [event.status async for event in job.watch()]
            results = [each.result async for each in job.results()]
            jobs = [each.id async for each in shoal.jobs()]
            return [missing, seen, results, jobs == [job.id]]

    assert asyncio.run(scenario()) == [
        ["PENDING", "PENDING"],
        ["COMPLETED"],
        [{"i": 0}, {"i": 1}],
        True,
    ]
