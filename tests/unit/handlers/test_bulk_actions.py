"""Tests of bulk actions, from the request to the last job."""

from typing import Any

import pytest

from handlers import bulk_actions
from handlers.page_tokens import next_page_token
from shoal import bootstrap
from shoal.domain.bulk import BulkAction, Progress
from shoal.domain.errors import Unavailable
from tests.unit.handlers.http_calls import (
    World,
    call,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
    user,
)

type Json = Any

BOOM = {"type": "KeyError", "message": "no", "tail": "", "retryable": False}


def begin(action: str, *, dry_run: bool = False, **which: Json) -> Json:
    answer = call("POST", "/bulk-actions", {"action": action, "filter": which, "dry_run": dry_run})
    assert answer.status == 202, answer.text
    return answer.json


def carried_out(action: Json, tenant: str = "default") -> Json:
    """Run the steps of the state machine."""
    given = {"tenant": tenant, "action": action["id"]}
    while bulk_actions.handler(given, None)["more"]:
        pass
    return shown(action)


def shown(action: Json) -> Json:
    return call("GET", f"/bulk-actions/{action['id']}").json


def statuses(jobs: list[str]) -> list[str]:
    return [call("GET", f"/jobs/{job}").json["status"] for job in jobs]


def test_only_the_jobs_of_the_filter_are_cancelled(world: World) -> None:
    jobs = [submit(count=1, tags={"team": "ml"}) for _ in range(120)]
    other = submit(count=1, tags={"team": "web"})
    world.clock.advance(1)

    action = carried_out(begin("cancel", tag="team=ml"))

    assert (action["status"], action["done"], action["refused"]) == ("COMPLETED", 120, 0)
    cancelled = [call("GET", f"/jobs/{job}/events").json["items"][0] for job in jobs]
    assert {each["action"] for each in cancelled} == {"cancel"}
    assert {each["who"] for each in cancelled} == {"user of default"}
    assert {each["detail"]["bulk_action"] for each in cancelled} == {action["id"]}
    assert world.jobs.get(other).ending is None  # type: ignore[union-attr]
    assert len(world.bulk_runs.started) == 1


def test_jobs_submitted_later_are_not_affected(world: World) -> None:
    before = submit(count=1)
    world.clock.advance(1)
    action = begin("pause", type="noop")
    later = submit(count=1)

    done = carried_out(action)

    assert done["done"] == 1
    paused = [call("GET", f"/jobs/{job}").json["paused"] for job in (before, later)]
    assert paused == [True, False]


def test_a_job_that_refuses_the_verb_is_listed_with_the_reason(world: World) -> None:
    done = submit(count=1)
    start(done)
    run(done)
    open_job = submit(count=1)
    world.clock.advance(1)

    action = carried_out(begin("retry", type="noop"))

    assert (action["done"], action["refused"]) == (0, 2)
    assert {each["job_id"] for each in action["refusals"]} == {done, open_job}
    assert all(each["reason"] for each in action["refusals"])


def test_ended_jobs_are_deleted_and_open_ones_are_refused(world: World) -> None:
    done = submit(count=1)
    start(done)
    run(done)
    open_job = submit(count=1)
    world.clock.advance(1)

    action = carried_out(begin("delete", type="noop"))

    assert (action["done"], action["refused"]) == (1, 1)
    assert call("GET", f"/jobs/{done}").status == 404
    assert call("GET", f"/jobs/{open_job}").status == 200


def test_a_dry_run_counts_jobs_and_changes_nothing(world: World) -> None:
    jobs = [submit(count=1, name=f"nightly-{n}") for n in range(3)]
    world.clock.advance(1)

    action = carried_out(begin("cancel", dry_run=True, name="nightly"))

    assert (action["status"], action["done"]) == ("COMPLETED", 3)
    assert all(world.jobs.get(job).ending is None for job in jobs)  # type: ignore[union-attr]


def test_an_aborted_action_stops(world: World) -> None:
    job = submit(count=1)
    world.clock.advance(1)
    action = begin("cancel", type="noop")

    answer = call("POST", f"/bulk-actions/{action['id']}/abort")
    again = call("POST", f"/bulk-actions/{action['id']}/abort")
    ended = carried_out(action)

    assert (answer.status, again.status) == (202, 202)
    assert answer.json["aborting"]
    assert (ended["status"], ended["done"]) == ("ABORTED", 0)
    assert world.jobs.get(job).ending is None  # type: ignore[union-attr]


def test_an_ended_action_cannot_be_aborted() -> None:
    action = carried_out(begin("cancel", type="noop"))

    assert call("POST", f"/bulk-actions/{action['id']}/abort").status == 409


def test_a_page_whose_count_was_lost_is_counted_and_audited_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [submit(count=1) for _ in range(60)]
    world.clock.advance(1)
    action = begin("cancel", type="noop")
    put, lost = world.bulk.put, [True]

    def losing(each: Any) -> None:
        if lost.pop() if lost else False:
            raise Unavailable("the table is unavailable")
        put(each)

    monkeypatch.setattr(world.bulk, "put", losing)
    with pytest.raises(Unavailable):
        carried_out(action)
    done = carried_out(action)

    assert (done["status"], done["done"]) == ("COMPLETED", 60)
    for job in jobs:
        acts = call("GET", f"/jobs/{job}/events").json["items"]
        assert [each["action"] for each in acts].count("cancel") == 1


@pytest.mark.parametrize(("verb", "seen"), [("delete", 404), ("retry", 202)])
def test_a_page_whose_jobs_no_longer_match_is_still_counted_and_audited(
    world: World, monkeypatch: pytest.MonkeyPatch, verb: str, seen: int
) -> None:
    jobs = [submit(count=1) for _ in range(60)]
    for job in jobs:
        start(job)
        report(lease(job), [outcome(0, error=BOOM)])
    world.clock.advance(1)
    action = begin(verb, status=["FAILED"])
    after = BulkAction.after
    lost = [True]

    def losing(each: BulkAction, progress: Progress, now: float) -> BulkAction:
        if lost.pop() if lost else False:
            raise Unavailable("the function died")
        return after(each, progress, now)

    monkeypatch.setattr(BulkAction, "after", losing)
    with pytest.raises(Unavailable):
        carried_out(action)
    done = carried_out(action)

    assert (done["done"], done["refused"]) == (60, 0)
    acts = bootstrap.audit_trail().of_tenant("default", limit=1_000, start=None).events
    assert sorted(each.job_id or "" for each in acts if each.action == verb) == sorted(jobs)
    assert call("POST", f"/jobs/{jobs[0]}/retry").status == seen


def die_before_the_count(action: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply the verb to the first page; the function dies before it counts the page."""

    def dying(*_: object) -> BulkAction:
        raise Unavailable("the function died")

    with monkeypatch.context() as patched:
        patched.setattr(BulkAction, "after", dying)
        with pytest.raises(Unavailable):
            carried_out(action)


def fail(job: str, generation: int = 1) -> None:
    """Run the only task of the job, which fails."""
    start(job, generation)
    report(lease(job), [outcome(0, error=BOOM)])


def generation_of(world: World, job: str) -> int:
    found = world.jobs.get(job)
    assert found is not None
    return found.generation


def test_a_repeated_page_does_not_retry_a_job_again_that_failed_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(count=1)
    fail(job)
    world.clock.advance(1)
    action = begin("retry", status=["FAILED"])
    die_before_the_count(action, monkeypatch)
    fail(job, 2)

    done = carried_out(action)

    assert (done["done"], done["refused"]) == (1, 0)
    assert (generation_of(world, job), statuses([job])) == (2, ["FAILED"])


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_repeated_page_does_not_change_a_job_that_was_retried_since(
    world: World, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    job = submit(count=1)
    start(job)
    granted = lease(job)
    if verb == "resume":
        call("POST", f"/jobs/{job}/pause")
    world.clock.advance(1)
    action = begin(verb, type="noop")
    die_before_the_count(action, monkeypatch)
    report(granted, [outcome(0, error=BOOM)])
    assert call("POST", f"/jobs/{job}/retry").status == 202
    if verb == "resume":
        call("POST", f"/jobs/{job}/pause")
    before = world.jobs.get(job)

    done = carried_out(action)

    assert (done["done"], done["refused"]) == (0, 1)
    assert world.jobs.get(job) == before


def test_an_abort_ends_an_action_whose_request_died_before_it_was_started(world: World) -> None:
    action = begin("cancel", type="noop")
    world.bulk_runs.started.clear()

    call("POST", f"/bulk-actions/{action['id']}/abort")

    assert world.bulk_runs.started == [("default", action["id"])]


def test_an_abort_starts_another_execution_once_the_first_one_died(world: World) -> None:
    action = begin("cancel", type="noop")
    world.bulk_runs.started.clear()

    for _ in range(2):
        call("POST", f"/bulk-actions/{action['id']}/abort")

    assert world.bulk_runs.started == [("default", action["id"])]
    assert carried_out(action)["status"] == "ABORTED"


@pytest.mark.parametrize("start", ["", "\ud800", "\0", "x" * 1_025])
def test_a_forged_token_is_refused(start: str) -> None:
    forged = next_page_token(start, ["bulk-actions"])

    assert call("GET", "/bulk-actions", query=f"next_token={forged}").status == 422


def test_equal_requests_with_one_key_start_one_action(world: World) -> None:
    body = {"action": "cancel", "filter": {"type": "noop"}}
    headers = {"Idempotency-Key": "key"}

    first = call("POST", "/bulk-actions", body, headers=headers)
    world.clock.advance(5)
    again = call("POST", "/bulk-actions", body, headers=headers)
    other = call("POST", "/bulk-actions", {**body, "action": "pause"}, headers=headers)

    assert first.json == again.json
    assert other.status == 409
    assert len(world.bulk_runs.started) == 1


def test_concurrent_actions_are_limited() -> None:
    actions = [begin("cancel", type="noop") for _ in range(5)]

    refused = call("POST", "/bulk-actions", {"action": "cancel", "filter": {"type": "noop"}})
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "30"
    carried_out(actions[0])
    begin("cancel", type="noop")


def test_a_failed_action_has_its_reason() -> None:
    action = begin("cancel", type="noop")

    cause = 'Unavailable: {"stackTrace": ["arn:aws:…"]}'
    given = {"tenant": "default", "action": action["id"], "cause": cause}
    assert bulk_actions.handler(given, None) == {"more": False}

    said = "it failed repeatedly: Unavailable"
    assert (shown(action)["status"], shown(action)["reason"]) == ("FAILED", said)
    assert not bulk_actions.handler({**given, "cause": "again"}, None)["more"]
    assert shown(action)["reason"] == said


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "cancel", "filter": {}}, "filter"),
        ({"action": "cancel"}, "filter"),
        ({"action": "explode", "filter": {"type": "noop"}}, "action"),
        ({"action": "cancel", "filter": {"status": ["NICE"]}}, "filter.status[0]"),
        ({"action": "cancel", "filter": {"colour": "red"}}, "filter.colour"),
        (
            {
                "action": "cancel",
                "filter": {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
            },
            "filter",
        ),
    ],
)
def test_invalid_requests_are_refused(body: Json, field: str) -> None:
    answer = call("POST", "/bulk-actions", body)

    assert answer.status == 422
    assert answer.fields == [field]


def test_actions_are_listed_newest_first_with_their_requests(world: World) -> None:
    first = begin("cancel", type="noop", status=["RUNNING"], tag="team=ml")
    world.clock.advance(1)
    second = begin("pause", name="x", since="2026-01-01T00:00:00Z")

    page = call("GET", "/bulk-actions", query="limit=1").json
    rest = call("GET", "/bulk-actions", query=f"next_token={page['next_token']}").json

    assert [each["id"] for each in (*page["items"], *rest["items"])] == [second["id"], first["id"]]
    said = rest["items"][0]["filter"]
    assert said.pop("until") == first["created_at"]
    assert said == {"type": "noop", "status": ["RUNNING"], "tag": "team=ml"}


def test_actions_of_another_tenant_do_not_exist() -> None:
    action = begin("cancel", type="noop")

    for method, path in (("GET", ""), ("POST", "/abort")):
        answer = call(method, f"/bulk-actions/{action['id']}{path}", claims=user("other"))
        assert answer.status == 404
