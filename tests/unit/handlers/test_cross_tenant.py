"""Tests that every route returns 404 to other tenants and changes nothing.

The routes are those of docs/openapi.json; see `user_routes`.
"""

import re
from typing import Any

import pytest

from tests.unit.handlers.http_calls import (
    World,
    call,
    callback,
    lease,
    outcome,
    start,
    submit,
)
from tests.unit.handlers.user_routes import (
    BODIES,
    DEPLOYMENTS,
    OWNED,
    OWNER,
    ROUTES,
    STRANGER,
    Route,
    named,
    new_job,
    stored,
)

type Json = Any

WITH_IDS = [route for route in ROUTES if route.ids and route.scope != "admin"]
WITHOUT = [route for route in ROUTES if not route.ids and route.scope != "admin"]
ADMINS = [route for route in ROUTES if route.scope == "admin"]


def test_there_are_routes_of_each_kind() -> None:
    assert len(WITH_IDS) >= 12
    assert WITHOUT
    assert ADMINS


@pytest.mark.parametrize("route", WITH_IDS, ids=named)
def test_resources_of_another_tenant_do_not_exist(world: World, route: Route) -> None:
    unknown = {*route.ids} - {*OWNED}
    assert not unknown, f"{route.name}: add {unknown} to OWNED"
    ids = {name: OWNED[name](world) for name in route.ids}
    before = stored(world)

    answer = route.request(ids, STRANGER)

    assert answer.status == 404, answer.text
    assert stored(world) == before
    # The same request of the owner succeeds, or conflicts with the state: the resource exists.
    owned = route.request(ids, OWNER)
    assert owned.status < 300 or owned.status == 409, f"add it to BODIES: {owned.text}"


@pytest.mark.parametrize("route", WITH_IDS, ids=named)
def test_foreign_and_missing_resources_get_equal_responses(world: World, route: Route) -> None:
    ids = {name: OWNED[name](world) for name in route.ids}
    nobodys = {
        name: re.sub(r"[0-9A-HJKMNP-TV-Z]{20,}", lambda found: "0" * len(found[0]), each)
        for name, each in ids.items()
    }

    theirs, none = route.request(ids, STRANGER).json, route.request(nobodys, STRANGER).json

    for mine in ids.values():
        theirs["detail"] = theirs["detail"].replace(mine, "ID")
    for each in nobodys.values():
        none["detail"] = none["detail"].replace(each, "ID")
    assert theirs == none


@pytest.mark.parametrize("route", WITHOUT, ids=named)
def test_responses_without_an_id_contain_nothing_of_other_tenants(
    world: World, route: Route
) -> None:
    theirs = new_job(world)

    answer = route.request({}, STRANGER)

    assert answer.status < 300, f"add it to BODIES: {answer.text}"
    assert theirs not in answer.text
    if route.name not in DEPLOYMENTS:
        assert '"default"' not in answer.text


@pytest.mark.parametrize("route", ADMINS, ids=named)
def test_routes_of_the_deployment_require_an_administrator(world: World, route: Route) -> None:
    plain = STRANGER | {"cognito:groups": "[tenant:other]"}
    before = stored(world)

    answer = route.request(dict.fromkeys(route.ids, "other"), plain)

    assert answer.status == 403
    assert stored(world) == before


def test_inputs_that_another_tenant_uploaded_are_refused(world: World) -> None:
    uri = call("POST", "/inputs", claims=OWNER).json["inputs_uri"]
    world.blobs.put(world.blobs.key_of(uri) or "", b"{}\n")
    body = {"task_type": "noop", "inputs_uri": uri}

    theirs, own = (call("POST", "/jobs", body, claims=claims) for claims in (STRANGER, OWNER))

    assert (theirs.status, own.status) == (422, 201)


def test_idempotency_keys_of_different_tenants_are_independent() -> None:
    headers = {"Idempotency-Key": "nightly"}
    body = {"task_type": "noop", "count": 1}

    own, theirs = (
        call("POST", "/jobs", body, headers=headers, claims=claims) for claims in (OWNER, STRANGER)
    )

    assert own.json["id"] != theirs.json["id"]
    assert "Idempotency-Replayed" not in theirs.headers


@pytest.mark.parametrize("path", ["/jobs", "/events", "/bulk-actions"])
def test_a_page_token_of_one_tenant_shows_nothing_of_another(path: str) -> None:
    theirs = [submit(count=1) for _ in range(3)]
    theirs += [
        call("POST", "/bulk-actions", BODIES["beginBulkAction"], claims=OWNER).json["id"]
        for _ in range(3)
    ]
    token = call("GET", path, query="limit=1", claims=OWNER).json["next_token"]

    page = call("GET", path, query=f"limit=1&next_token={token}", claims=STRANGER)
    own = call("GET", path, query=f"limit=1&next_token={token}", claims=OWNER)

    assert page.status in {200, 422}
    assert not any(each in page.text for each in theirs)
    assert any(each in own.text for each in theirs)


# Workers serve all tenants; a lease belongs to its worker.


@pytest.fixture
def two_leases(world: World) -> tuple[Json, Json]:
    """Return leases of a chunk of each tenant, for different workers, both at epoch 1."""
    jobs = []
    for claims in (OWNER, STRANGER):
        answer = call("POST", "/jobs", {"task_type": "noop", "count": 2}, claims=claims)
        jobs.append(answer.json["id"])
        start(jobs[-1])
    assert world
    return lease(jobs[0], worker="w-1"), lease(jobs[1], worker="w-2")


def place(granted: Json) -> Json:
    return {name: granted[name] for name in ("job_id", "chunk", "epoch")}


def test_a_report_under_another_workers_lease_is_refused(
    world: World, two_leases: tuple[Json, Json]
) -> None:
    theirs, own = two_leases
    assert theirs["epoch"] == own["epoch"]  # so that the epoch does not decide
    each = place(theirs) | {"report": 1, "final": True, "outcomes": [outcome(0, result="forged")]}
    before = stored(world)

    answer = callback("reports", {"worker": "w-2", "reports": [each]})

    assert answer.json["reports"][0]["decision"] == "stale"
    assert stored(world) == before
    mine = callback("reports", {"worker": "w-1", "reports": [each]})
    assert mine.json["reports"][0]["decision"] == "accepted"


def test_a_lease_labels_the_tenant_without_its_name() -> None:
    labels = []
    for claims in (OWNER, OWNER, STRANGER):
        answer = call("POST", "/jobs", {"task_type": "noop", "count": 1}, claims=claims)
        job = str(answer.json["id"])
        start(job)
        labels.append(lease(job)["tenant"])

    assert labels[0] == labels[1] != labels[2]
    assert not {"default", "other"} & set(labels)


def test_a_heartbeat_under_another_workers_lease_is_refused(
    world: World, two_leases: tuple[Json, Json]
) -> None:
    theirs, _ = two_leases
    before = stored(world)

    answer = callback("heartbeats", {"worker": "w-2", "leases": [place(theirs)]})

    assert answer.json["leases"][0]["decision"] == "stale"
    assert stored(world) == before


@pytest.mark.parametrize(
    ("noun", "more"),
    [
        ("parts", {"report": 1, "size": 9}),
        ("effects", {"index": 0, "key": "k"}),
        ("effects", {"index": 0, "key": "k", "effect": {"value": 1}}),
        ("artifacts", {"index": 0, "name": "a", "size": 9}),
        ("artifacts", {"index": 0, "name": "a"}),
    ],
)
def test_effects_and_artifacts_of_another_workers_lease_are_refused(
    two_leases: tuple[Json, Json], noun: str, more: Json
) -> None:
    theirs, _ = two_leases
    request = place(theirs) | more

    foreign = callback(noun, {"worker": "w-2", **request})
    own = callback(noun, {"worker": "w-1", **request})

    assert (foreign.status, own.status) == (409, 200)
