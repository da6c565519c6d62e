"""Tests of changes to open jobs."""

import pytest

from shoal.domain.job import Priority
from tests.unit.handlers.http_calls import Json, World, call, run, start, submit


def change(job: str, body: Json) -> Json:
    answer = call("PATCH", f"/jobs/{job}", body)
    assert answer.status == 200, answer.text
    return answer.json


def test_only_the_fields_of_the_body_change() -> None:
    job = submit(count=3, max_parallelism=2, name="a", tags={"x": "y"})
    start(job)
    before = call("GET", f"/jobs/{job}").json

    after = change(job, {"priority": "low", "max_parallelism": 1})
    last = change(job, {"name": "b", "tags": {}})

    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"priority", "max_parallelism", "version"}
    assert (last["name"], last["tags"], last["priority"]) == ("b", {}, "low")


def test_a_list_finds_the_new_name_and_tags() -> None:
    job = submit(count=1, name="a")

    change(job, {"name": "b", "tags": {"k": "v"}})

    found = call("GET", "/jobs", query="name=b&tag=k=v").json["items"]
    assert [each["id"] for each in found] == [job]
    assert call("GET", "/jobs", query="name=a").json["items"] == []


def test_a_window_that_grows_is_filled_at_once_through_the_new_queue(world: World) -> None:
    job = submit(count=6, chunk_size=1, max_parallelism=1)
    start(job)
    world.queue.take()

    change(job, {"max_parallelism": 4, "priority": "high"})

    assert world.queue.depths()[Priority.HIGH].waiting == 3


def test_the_reasons_name_the_current_window() -> None:
    job = submit(count=6, chunk_size=1, max_parallelism=3)
    start(job)

    change(job, {"max_parallelism": 2})

    reasons = call("GET", f"/jobs/{job}/why").json["reasons"]
    (full,) = [each for each in reasons if each["code"] == "window_full"]
    assert full["facts"] == {"max_parallelism": 2, "waiting_chunks": 3}
    assert "now 2" in full["sentence"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"priority": "urgent"},
        {"priority": None},
        {"max_parallelism": 0},
        {"max_parallelism": "2"},
        {"name": None},
        {"tags": {"": "x"}},
        {"count": 3},
    ],
)
def test_invalid_changes_are_refused(body: Json) -> None:
    job = submit(count=1, max_parallelism=1)

    assert call("PATCH", f"/jobs/{job}", body).status == 422


def test_adding_a_window_to_a_job_without_one_is_a_conflict() -> None:
    job = submit(count=1)

    answer = call("PATCH", f"/jobs/{job}", {"max_parallelism": 1})

    assert (answer.status, answer.json["type"]) == (409, "urn:shoal:problem:illegal-move")
    assert "without max_parallelism" in answer.json["detail"]


def test_an_ended_job_cannot_be_changed() -> None:
    job = submit(count=1)
    start(job)
    run(job)

    assert call("PATCH", f"/jobs/{job}", {"priority": "low"}).status == 409


def test_the_audit_trail_records_the_changes() -> None:
    job = submit(count=1, max_parallelism=2)

    change(job, {"priority": "low", "max_parallelism": None, "tags": {"b": "1", "a": "2"}})

    acts = {each["action"]: each for each in call("GET", f"/jobs/{job}/events").json["items"]}
    assert acts["change"]["detail"] == {
        "priority": "low",
        "max_parallelism": "none",
        "tags": "a, b",
    }
