"""Tests of effects and artifacts, for workers and users."""

import math
from typing import Any

import pytest

from tests.unit.handlers.http_calls import (
    ApiResponse,
    World,
    call,
    callback,
    outcome,
    start,
    submit,
)
from tests.unit.handlers.http_calls import lease as leased


@pytest.fixture
def task(world: World) -> dict[str, Any]:
    """Return the fields with which a worker refers to its leased task 0."""
    assert world
    job = submit(count=2, chunk_size=2)
    start(job)
    leased(job)
    return {"worker": "w-1", "job_id": job, "chunk": 0, "epoch": 1, "index": 0}


def effect(task: dict[str, Any], **more: Any) -> ApiResponse:
    return callback("effects", {**task, "key": "charge", **more})


def test_a_stored_effect_is_returned_later(task: dict[str, Any]) -> None:
    assert effect(task).json == {"effect": None}

    assert effect(task, effect={"value": {"receipt": 7}}).json == {
        "effect": {"value": {"receipt": 7}}
    }

    assert effect(task, effect={"value": "another"}).json == {"effect": {"value": {"receipt": 7}}}
    assert effect(task).json == {"effect": {"value": {"receipt": 7}}}


def test_an_effect_of_null_is_stored(task: dict[str, Any]) -> None:
    effect(task, effect={"value": None})

    assert effect(task).json == {"effect": {"value": None}}


@pytest.mark.parametrize("wrong", [{"epoch": 2}, {"index": 2}, {"chunk": 1}])
def test_a_worker_without_the_lease_cannot_store_or_read(
    task: dict[str, Any], wrong: dict[str, int]
) -> None:
    assert effect({**task, **wrong}, effect={"value": 1}).status == 409
    assert effect({**task, **wrong}).status == 409
    assert callback("artifacts", {**task, **wrong, "name": "a", "size": 1}).status == 409


def test_a_task_that_ended_cannot_store_an_effect(task: dict[str, Any]) -> None:
    place = {"job_id": task["job_id"], "chunk": 0, "epoch": 1, "report": 1, "final": False}
    callback("reports", {"worker": "w-1", "reports": [{**place, "outcomes": [outcome(0)]}]})

    assert effect(task, effect={"value": 1}).status == 409


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_an_effect_that_is_not_json_is_refused(task: dict[str, Any], number: float) -> None:
    answer = effect(task, effect={"value": [number]})

    assert answer.status == 400
    assert effect(task).json == {"effect": None}


def test_an_effect_too_large_is_refused(task: dict[str, Any]) -> None:
    answer = effect(task, effect={"value": "x" * 40_000})

    assert (answer.status, answer.fields) == (422, ["effect.value"])


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 201])
def test_the_name_of_an_artifact_is_a_file_name(task: dict[str, Any], name: str) -> None:
    assert callback("artifacts", {**task, "name": name, "size": 1}).status == 422


def test_an_artifact_is_found_by_later_attempts(world: World, task: dict[str, Any]) -> None:
    place = callback("artifacts", {**task, "name": "model.bin", "size": 3}).json
    assert place["uri"].endswith("/0/1/model.bin")
    assert callback("artifacts", {**task, "name": "model.bin"}).json == {"url": None}

    for epoch in (1, 3):
        world.artifacts.put(f"artifacts/{task['job_id']}/0/{epoch}/model.bin", b"abc")

    assert "/0/3/model.bin" in callback("artifacts", {**task, "name": "model.bin"}).json["url"]


def test_users_see_the_artifacts_of_the_outcome_that_counts(
    world: World, task: dict[str, Any]
) -> None:
    job = task["job_id"]
    for epoch in (1, 2):
        world.artifacts.put(f"artifacts/{job}/0/{epoch}/plot.png", b"abc")
    assert call("GET", f"/tasks/{job}.0/artifacts").json["items"] == []
    place = {"job_id": job, "chunk": 0, "epoch": 1, "report": 1, "final": True}
    callback("reports", {"worker": "w-1", "reports": [{**place, "outcomes": [outcome(0)]}]})

    (item,) = call("GET", f"/tasks/{job}.0/artifacts").json["items"]

    assert (item["name"], item["size"]) == ("plot.png", 3)
    assert "/0/1/plot.png" in item["url"]


def test_artifacts_of_an_unknown_task_are_404() -> None:
    assert call("GET", "/tasks/job_00000000000000000000000000.0/artifacts").status == 404
