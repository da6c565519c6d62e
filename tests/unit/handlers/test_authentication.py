"""Tests that only verified claims determine the tenant, and that scopes are enforced."""

import base64
import json
from typing import Any

import pytest

from handlers import api
from shoal import bootstrap
from tests.unit.handlers.http_calls import World, call, event, machine, submit, user

NOBODY = user() | {"cognito:groups": "[other]"}
TWO = user() | {"cognito:groups": "[tenant:a tenant:b]"}


@pytest.mark.parametrize("claims", [NOBODY, TWO])
def test_a_user_of_no_tenant_or_several_is_refused(claims: dict[str, Any]) -> None:
    answer = call("GET", "/jobs", claims=claims)

    assert (answer.status, answer.json["type"]) == (403, "urn:shoal:problem:no-tenant")
    assert "tenant:*" in answer.json["detail"]


@pytest.mark.parametrize("context", [{}, {"authorizer": {}}, {"authorizer": {"iam": {}}}])
def test_requests_without_verified_claims_are_refused(context: dict[str, Any]) -> None:
    asked = event("GET", "/api/v1/jobs", headers={"Authorization": "Bearer x"})
    del asked["requestContext"]["authorizer"]
    asked["requestContext"] |= context

    assert api.handler(asked, None)["statusCode"] == 401


def with_token(payload: bytes) -> dict[str, Any]:
    token = f"x.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.x"
    asked = event("GET", "/api/v1/jobs", headers={"Authorization": f"Bearer {token}"})
    del asked["requestContext"]["authorizer"]
    return asked


def test_an_unverified_token_is_refused() -> None:
    asked = with_token(json.dumps(user()).encode())

    assert api.handler(asked, None)["statusCode"] == 401


@pytest.mark.parametrize(
    ("payload", "status"), [(json.dumps(user()).encode(), 200), (b"[]", 401), (b"\xff", 401)]
)
def test_sam_local_uses_the_claims_of_unverified_tokens(
    world: World, monkeypatch: pytest.MonkeyPatch, payload: bytes, status: int
) -> None:
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    bootstrap.use(world)  # a process that starts there

    answer = api.handler(with_token(payload), None)

    assert answer["statusCode"] == status


def test_health_needs_no_authentication() -> None:
    assert call("GET", "/health", claims=NOBODY).status == 200


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/jobs", "jobs:read"),
        ("POST", "/inputs", "jobs:write"),
        ("GET", "/machines", "admin"),
        ("DELETE", "/machines/c", "admin"),
    ],
)
def test_a_token_without_the_scope_gets_its_name(method: str, path: str, scope: str) -> None:
    others = " ".join(
        f"shoal/{each}" for each in ("jobs:read", "jobs:write", "admin") if each != scope
    )

    answer = call(method, path, claims=user(scope=others))

    assert answer.status == 403
    assert f"scope {scope}" in answer.json["detail"]


def test_a_request_without_the_scope_changes_nothing(world: World) -> None:
    body = {"task_type": "noop", "count": 1}

    answer = call("POST", "/jobs", body, claims=user(scope="shoal/jobs:read"))

    assert answer.status == 403
    assert not any(world.jobs.snapshot().values())


def test_headers_queries_and_bodies_cannot_set_the_tenant() -> None:
    job = submit(count=1)
    headers = {"x-tenant": "default", "tenant": "default", "x-shoal-tenant": "default"}

    answer = call("GET", f"/jobs/{job}", headers=headers, claims=user("other"))
    body = {"task_type": "noop", "count": 1}
    in_query = call("POST", "/jobs", body, query="tenant=default", claims=user("other"))
    in_body = call("POST", "/jobs", body | {"tenant": "default"}, claims=user("other"))
    own = call("POST", "/jobs", body, headers=headers, claims=user("other")).json["id"]

    assert answer.status == 404
    assert call("GET", "/jobs", query="tenant=default", claims=user("other")).status == 422
    assert (in_query.status, in_body.status) == (422, 422)
    assert call("GET", f"/jobs/{own}", claims=user("other")).status == 200
    assert call("GET", f"/jobs/{own}").status == 404


def test_an_api_client_acts_for_its_registered_tenant() -> None:
    job = submit(count=1)
    before = call("GET", f"/jobs/{job}", claims=machine("bot"))

    put = call("PUT", "/machines/bot", {"tenant": "default"})

    assert (before.status, before.json["type"]) == (403, "urn:shoal:problem:no-tenant")
    assert (put.status, put.json) == (200, {"client_id": "bot", "tenant": "default"})
    assert call("GET", f"/jobs/{job}", claims=machine("bot")).status == 200
    assert call("GET", "/machines").json["items"] == [put.json]


def test_a_removed_api_client_is_refused_at_once() -> None:
    call("PUT", "/machines/bot", {"tenant": "default"})

    removed, again = call("DELETE", "/machines/bot"), call("DELETE", "/machines/bot")

    assert (removed.status, again.status) == (204, 204)
    assert call("DELETE", "/machines/another").status == 404
    assert call("GET", "/jobs", claims=machine("bot")).status == 403


def test_a_user_cannot_impersonate_an_api_client() -> None:
    call("PUT", "/machines/console", {"tenant": "default"})

    assert call("GET", "/jobs", claims=NOBODY).status == 403


@pytest.mark.parametrize("tenant", ["", "A", "a/b", "a#b", "-a", "x" * 64, 7, None])
def test_an_invalid_tenant_is_refused(tenant: object) -> None:
    assert call("PUT", "/machines/bot", {"tenant": tenant}).status == 422


def test_api_clients_are_listed_in_pages() -> None:
    for client in ("a", "b", "c"):
        call("PUT", f"/machines/{client}", {"tenant": "default"})

    first = call("GET", "/machines", query="limit=2").json
    second = call("GET", "/machines", query=f"limit=2&next_token={first['next_token']}").json

    assert [each["client_id"] for each in (*first["items"], *second["items"])] == ["a", "b", "c"]
    assert second["next_token"] is None
