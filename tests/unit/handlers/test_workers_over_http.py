"""Tests of the registration of workers, and of their list."""

from typing import Any

import pytest

from shoal.ports.task_types import TaskType
from tests.unit.handlers.http_calls import Json, World, call, callback

NEW = {"name": "resize", "schema": {"type": "object"}}


def said(worker: str = "w-1", **fields: Any) -> None:
    started = "2027-01-15T07:59:00Z"
    body = {"worker": worker, "task_types": [NEW], "started_at": started, "every": 60}
    answer = callback("workers", body | fields)
    assert answer.status == 200, answer.text


def seen() -> Json:
    answer = call("GET", "/workers")
    assert answer.status == 200, answer.text
    assert answer.json["next_token"] is None
    return answer.json["items"]


def states() -> dict[str, str]:
    return {each["name"]: each["state"] for each in seen()}


def test_a_worker_is_listed_with_its_registration() -> None:
    about: dict[str, Any] = {"image": "i:1", "digest": "d", "version": "1", "host": "h", "slots": 2}
    said(**about, queues=["high", "low"])

    (worker,) = seen()

    assert worker == {
        "name": "w-1",
        "state": "alive",
        "started_at": "2027-01-15T07:59:00.000Z",
        "last_seen_at": "2027-01-15T08:00:00.000Z",
        "silent_since": None,
        "task_types": [{"name": "resize", "digest": "d"}],
        "version": "1",
        "image": "i:1",
        "host": "h",
        "slots": 2,
        "queues": ["high", "low"],
    }


def test_a_worker_that_missed_three_announcements_is_silent_since_the_last(world: World) -> None:
    said()

    world.clock.advance(181)

    (worker,) = seen()
    assert (worker["state"], worker["silent_since"]) == ("silent", "2027-01-15T08:00:00.000Z")


def test_a_worker_that_deregistered_has_left_and_is_not_silent(world: World) -> None:
    said()
    said(number=2, leaving=True)

    world.clock.advance(900)

    assert states() == {"w-1": "left"}


def test_a_worker_without_an_announce_interval_has_an_unknown_status(world: World) -> None:
    answer = callback("workers", {"worker": "w-1", "task_types": [NEW]})
    assert answer.status == 200

    world.clock.advance(9_000)

    assert states() == {"w-1": "unknown"}


def test_a_repeated_registration_of_an_older_worker_does_not_restore_its_task_types(
    world: World,
) -> None:
    said("old")
    newer = {**NEW, "timeout": 7}
    said("new", task_types=[newer])

    said("old", number=2)

    found = world.types.get("resize")
    assert found is not None
    assert found.timeout == 7


def test_a_lost_type_is_restored_by_the_next_registration(world: World) -> None:
    said(number=5)

    assert world.types.get("resize") == TaskType("resize", {"type": "object"})


def test_a_start_in_the_future_counts_as_now() -> None:
    said(started_at="9999-12-31T23:59:59-23:00")

    assert seen()[0]["started_at"] == "2027-01-15T08:00:00.000Z"


def test_pages_follow_one_another() -> None:
    for number in range(3):
        said(f"w-{number}")

    first = call("GET", "/workers", query="limit=2").json
    second = call("GET", "/workers", query=f"limit=2&next_token={first['next_token']}").json

    names = [each["name"] for page in (first, second) for each in page["items"]]
    assert (names, second["next_token"]) == (["w-0", "w-1", "w-2"], None)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "next_token=W10", "next_token=WyIgIiwid29ya2VycyJd"]
)
def test_an_invalid_page_is_refused(query: str) -> None:
    answer = call("GET", "/workers", query=query)

    assert 400 <= answer.status < 500
    assert answer.fields
