"""The operations of the users' API, from docs/openapi.json, with resources and bodies for each.

New operations are included automatically. Add a new kind of id to OWNED, and a body that cannot be
generated from its schema to BODIES.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.unit.handlers.http_calls import ApiResponse, World, call, run, start, submit, user

type Json = Any

DOCUMENT: Json = json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_text())
OWNER, STRANGER = user("default"), user("other")
OPEN = {"getHealth"}
DEPLOYMENTS = {"listTaskTypes", "listWorkers"}
"""Operations with the same response for all tenants: the deployment's workers and task types."""


def new_job(_: World) -> str:
    job = submit(count=4, chunk_size=2)
    start(job)
    run(job)
    return job


def new_bulk_action(world: World) -> str:
    assert world
    answer = call("POST", "/bulk-actions", BODIES["beginBulkAction"], claims=OWNER)
    return str(answer.json["id"])


def new_export(world: World) -> str:
    """Start an export of the only job, which is also in the route's path."""
    (job,) = world.jobs.snapshot()["_jobs"]
    return str(call("POST", f"/jobs/{job}/exports").json["id"])


def new_webhook(_: World) -> str:
    return str(call("POST", "/webhooks", BODIES["addWebhook"]).json["id"])


OWNED: Mapping[str, Callable[[World], str]] = {
    "job_id": new_job,
    "task_id": lambda world: f"{new_job(world)}.3",
    "bulk_action_id": new_bulk_action,
    "webhook_id": new_webhook,
    "export_id": new_export,
}
"""Functions that create a resource of the default tenant, by the name of its id."""

BODIES: Mapping[str, Json] = {
    "addWebhook": {"url": "https://example.com/hook"},
    "submitJob": {"task_type": "noop", "count": 1},
    "beginBulkAction": {"action": "cancel", "filter": {"type": "noop"}},
    "changeJob": {"priority": "high"},
    "discardFailures": {"all": True, "reason": "no use"},
    "runTask": {"worker": "me"},
    "completeTask": {"worker": "me", "result": {"checksum": 7}},
    "failTask": {"worker": "me", "error": {"type": "E", "message": "m", "retryable": False}},
    "setMachine": {"tenant": "default"},
}
"""Bodies that cannot be generated from a schema."""


class Route(NamedTuple):
    """An operation of the users' API, with the ids in its path and its body."""

    name: str
    method: str
    path: str
    scope: str
    ids: tuple[str, ...]
    body: Json

    def request(self, ids: Mapping[str, str], claims: Mapping[str, str]) -> ApiResponse:
        path = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], self.path)
        body = self.body
        if body is not None:
            body = body | {name: ids[name] for name in self.ids if name in body}
        return call(self.method, path.removeprefix("/api/v1"), body, claims=claims)


def resolved(schema: Json) -> Json:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def made(schema: Json) -> Json:
    """Return the smallest value that is valid for a schema; null if it cannot be determined."""
    schema = resolved(schema)
    for choice in ("const", "default"):
        if choice in schema:
            return schema[choice]
    for choices in ("enum", "examples"):
        if choices in schema:
            return schema[choices][0]
    for choices in ("anyOf", "oneOf", "allOf"):
        if choices in schema:
            return made(schema[choices][0])
    if schema.get("type") == "object":
        fields = schema.get("properties", {})
        wanted = {*schema.get("required", ()), *(name for name in fields if name in OWNED)}
        return {name: made(fields[name]) for name in sorted(wanted & {*fields})}
    if schema.get("type") == "array":
        return [made(schema["items"])] * schema.get("minItems", 0)
    plain = {"string": "x" * schema.get("minLength", 1), "boolean": True}
    return plain.get(schema.get("type", ""), schema.get("minimum", 1))


def routes() -> Iterator[Route]:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            (security,) = operation["security"]
            name = operation["operationId"]
            if name in OPEN or "worker" in security:
                continue
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            body = None if schema is None else BODIES.get(name) or made(schema)
            inside = [each for each in OWNED if isinstance(body, dict) and each in body]
            ids = (*re.findall(r"\{(\w+)\}", path), *inside)
            yield Route(name, method.upper(), path, security["user"][0], ids, body)


ROUTES = list(routes())


def named(route: Route) -> str:
    return route.name


def stored(world: World) -> Json:
    return [
        each.snapshot()
        for each in (world.jobs, world.chunks, world.queue, world.workflow, world.blobs)
    ]
