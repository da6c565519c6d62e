"""The matrix of access: each credential, on each route, for whose object.

The routes and their scopes are those of docs/openapi.json. `test_openapi_document` compares them
with the scopes that API Gateway demands. A credential is the content that API Gateway adds to a
request after it has verified a token or a signature.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import pytest

from handlers import api, callbacks
from shoal import bootstrap
from tests.unit.handlers.http_calls import World, call, event, machine, new_world, user
from tests.unit.handlers.user_routes import OWNED, ROUTES, Route, named, stored

type Json = Any

ALL: Final = "shoal/jobs:read shoal/jobs:write shoal/admin"
PLAIN: Final = "[tenant:default]"


class Credential(NamedTuple):
    """The content that API Gateway adds, with the tenant and the scopes that it proves."""

    context: Json
    tenant: str | None
    scopes: frozenset[str] = frozenset()

    @property
    def verified(self) -> bool:
        return bool(self.context.get("jwt"))


def token(tenant: str | None, *scopes: str, claims: Mapping[str, str]) -> Credential:
    return Credential({"jwt": {"claims": claims}}, tenant, frozenset(scopes))


READ, WRITE, ADMIN = "jobs:read", "jobs:write", "admin"
CREDENTIALS: Final[Mapping[str, Credential]] = {
    "nobody": Credential({}, None),
    "an empty token": Credential({"jwt": {}}, None),
    "a worker": Credential(
        {"iam": {"accessKey": "ASIA0", "userArn": "arn:aws:iam::0:role/w"}}, None
    ),
    "a user of no tenant": token(None, claims=user(scope=ALL) | {"cognito:groups": "[admins]"}),
    "a user of two tenants": token(
        None, claims=user(scope=ALL) | {"cognito:groups": "[tenant:default tenant:other admins]"}
    ),
    "a user without a scope": token("default", claims=user(scope="openid")),
    "a user with scopes of another server": token(
        "default", claims=user(scope="jobs:read other/jobs:write shoal/other")
    ),
    "a reader": token("default", READ, claims=user(scope="shoal/jobs:read")),
    "a writer": token("default", WRITE, claims=user(scope="shoal/jobs:write")),
    "a user outside the group of administrators": token(
        "default", READ, WRITE, claims=user(scope=ALL) | {"cognito:groups": PLAIN}
    ),
    "an administrator": token("default", READ, WRITE, ADMIN, claims=user(scope=ALL)),
    "a stranger": token(
        "other", READ, WRITE, claims=user("other", scope=ALL) | {"cognito:groups": "[tenant:other]"}
    ),
    "an administrator of another tenant": token(
        "other", READ, WRITE, ADMIN, claims=user("other", scope=ALL)
    ),
    "an API client": token(
        "default", READ, WRITE, claims=machine("bot", "shoal/jobs:read shoal/jobs:write")
    ),
    "an API client that reads": token("default", READ, claims=machine("bot", "shoal/jobs:read")),
    "an API client of a stranger": token(
        "other", READ, WRITE, claims=machine("spy", "shoal/jobs:read shoal/jobs:write")
    ),
    "an API client that was not assigned": token(None, claims=machine("new", ALL)),
    "an API client that was removed": token(None, claims=machine("old", ALL)),
}
OBJECTS: Final = ("of the tenant default", "missing")


def fresh() -> World:
    """Wire every handler to new stores, with the API clients of the matrix."""
    world = new_world()
    bootstrap.use(world)
    for client, tenant in (("bot", "default"), ("spy", "other"), ("old", "default")):
        assert call("PUT", f"/machines/{client}", {"tenant": tenant}).status == HTTPStatus.OK
    assert call("DELETE", "/machines/old").status == HTTPStatus.NO_CONTENT
    return world


def request(route: Route, ids: Mapping[str, str], credential: Credential) -> int:
    path = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], route.path)
    body = route.body
    if body is not None:
        body = body | {name: ids[name] for name in route.ids if name in body}
    asked = event(route.method, path, body)
    asked["requestContext"]["authorizer"] = credential.context
    return int(api.handler(asked, None)["statusCode"])


def refusal(route: Route, credential: Credential, whose: str) -> int | None:
    """Return the status with which a request must be refused, or None."""
    if not credential.verified:
        return HTTPStatus.UNAUTHORIZED
    if credential.tenant is None or route.scope not in credential.scopes:
        return HTTPStatus.FORBIDDEN
    theirs = whose == "missing" or credential.tenant != "default"
    owned = route.scope != ADMIN and any(name in OWNED for name in route.ids)
    return HTTPStatus.NOT_FOUND if owned and theirs else None


def objects(world: World, route: Route, whose: str) -> dict[str, str]:
    if route.scope == ADMIN:
        return dict.fromkeys(route.ids, "bot")
    ids = {name: OWNED[name](world) for name in route.ids}
    if whose == "missing":
        blank = re.compile("[0-9A-HJKMNP-TV-Z]{20,}")
        return {name: blank.sub(lambda it: "0" * len(it[0]), each) for name, each in ids.items()}
    return ids


@pytest.mark.parametrize("whose", OBJECTS)
@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_request_is_refused_or_allowed_by_credential_and_owner(route: Route, whose: str) -> None:
    world = fresh()
    ids = objects(world, route, whose)
    demanded = {name: refusal(route, each, whose) for name, each in CREDENTIALS.items()}
    refused = {name: status for name, status in demanded.items() if status is not None}
    before = stored(world)

    answered = {name: request(route, ids, CREDENTIALS[name]) for name in refused}
    changed = stored(world) != before
    allowed = {name: in_a_fresh_world(route, whose, name) for name in demanded.keys() - refused}

    assert answered == refused
    assert not changed
    # A conflict with the state of the object also shows that the object exists.
    assert {status for status in allowed.values() if not 200 <= status < 300} <= {409}


def in_a_fresh_world(route: Route, whose: str, name: str) -> int:
    return request(route, objects(fresh(), route, whose), CREDENTIALS[name])


def test_each_kind_of_answer_is_in_the_matrix() -> None:
    demanded = {
        refusal(route, each, whose)
        for route in ROUTES
        for each in CREDENTIALS.values()
        for whose in OBJECTS
    }

    assert demanded == {None, 401, 403, 404}
    assert len(ROUTES) * len(CREDENTIALS) * len(OBJECTS) > 1_500


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_function_of_workers_serves_no_route_of_users(world: World, route: Route) -> None:
    before = stored(world)

    asked = event(route.method, re.sub(r"\{\w+\}", "x", route.path), route.body)
    status = callbacks.handler(asked, None)["statusCode"]

    # `POST /api/v1/workers` and `GET /api/v1/workers` share a path.
    assert status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    assert stored(world) == before
