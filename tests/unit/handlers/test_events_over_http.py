import pytest

from handlers.page_tokens import next_page_token
from tests.unit.handlers.http_calls import World, call, start, submit


def test_audit_events_of_a_job_are_listed_newest_first(world: World) -> None:
    job = submit(count=2)
    start(job)
    for verb in ("pause", "resume", "cancel"):
        world.clock.advance(1)
        call("POST", f"/jobs/{job}/{verb}")

    events = call("GET", f"/jobs/{job}/events").json["items"]

    assert [each["action"] for each in events] == ["cancel", "resume", "pause", "submit"]
    assert {(each["who"], each["job_id"]) for each in events} == {("user of default", job)}


def test_a_repeated_submission_is_one_event() -> None:
    body, key = {"task_type": "noop", "count": 1}, {"Idempotency-Key": "k"}
    job, again = (call("POST", "/jobs", body, headers=key).json["id"] for _ in range(2))
    assert again == job

    assert len(call("GET", f"/jobs/{job}/events").json["items"]) == 1


def test_a_refused_action_leaves_no_event() -> None:
    job = submit(count=1)
    call("POST", f"/jobs/{job}/retry")

    events = call("GET", f"/jobs/{job}/events").json["items"]

    assert [each["action"] for each in events] == ["submit"]


def test_events_of_all_jobs_are_paged(world: World) -> None:
    jobs = []
    for _ in range(3):
        world.clock.advance(1)
        jobs.append(submit(count=1))

    first = call("GET", "/events", query="limit=2").json
    rest = call("GET", "/events", query=f"limit=2&next_token={first['next_token']}").json

    found = [each["job_id"] for each in first["items"] + rest["items"]]
    assert found == jobs[::-1]
    assert rest["next_token"] is None


def test_events_of_an_unknown_job_are_404() -> None:
    assert call("GET", "/jobs/job_00000000000000000000000000/events").status == 404


@pytest.mark.parametrize("place", ["", "x", "1800000000.000000/", "9" * 2_000])
def test_a_forged_page_is_refused(place: str) -> None:
    assert (
        call("GET", "/events", query=f"next_token={next_page_token(place, ['events'])}").status
        == 422
    )
