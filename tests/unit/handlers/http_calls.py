"""Calls functions as AWS does, over ports in memory."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from handlers import (
    api,
    callbacks,
    create_tasks,
    enqueue_tasks,
    monitor_completion,
    plan_tasks,
)
from shoal.bootstrap.memory import NOOP, InMemory, in_memory
from shoal.ports.task_types import TaskType
from shoal.service.reconciliation import NextStep, PassState
from tests.support.job_workflow import Position, State, run_until_wait

type Json = Any

SIZED = {
    "type": "object",
    "properties": {"size": {"type": "integer", "minimum": 1}},
    "additionalProperties": False,
}


type World = InMemory


def new_world() -> World:
    """Return ports in memory with two task types."""
    return in_memory(NOOP, TaskType("sized", SIZED))


@dataclass(frozen=True)
class ApiResponse:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def json(self) -> Json:
        return json.loads(self.text)

    @property
    def fields(self) -> list[str]:
        """The fields that the problem lists."""
        return [error["field"] for error in self.json["errors"]]


SCOPES = "shoal/jobs:read shoal/jobs:write shoal/admin"


def user(tenant: str = "default", *, scope: str = SCOPES, **claims: str) -> dict[str, str]:
    """Return the claims of a tenant's administrator in API Gateway's format."""
    groups = f"[tenant:{tenant} admins]"
    return {
        "sub": "0000",
        "client_id": "console",
        "username": f"user of {tenant}",
        "cognito:groups": groups,
        "scope": scope,
    } | claims


def machine(client: str, scope: str = SCOPES) -> dict[str, str]:
    """Return the claims of an API client."""
    return {"sub": client, "client_id": client, "scope": scope}


def event(
    method: str,
    path: str,
    body: Json = None,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    encoded: bool = False,
    claims: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a request in API Gateway's payload format 2.0; a body of another type becomes JSON."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    if encoded and text is not None:
        text = base64.b64encode(text.encode()).decode()
    found = {name: ",".join(values) for name, values in parse_qs(query).items()}
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": {
            "stage": "$default",
            "requestId": "request-1",
            "http": {"method": method, "path": path},
            "authorizer": {"jwt": {"claims": user() if claims is None else claims}},
        },
        "body": text,
        "isBase64Encoded": encoded,
    } | ({"queryStringParameters": found} if found else {})


def call(method: str, path: str, body: Json = None, **kwargs: Any) -> ApiResponse:
    """Return the response of the users' function."""
    return _answered(api.handler(event(method, f"/api/v1{path}", body, **kwargs), None))


def callback(noun: str, body: Json) -> ApiResponse:
    """Return the response of the workers' function."""
    return _answered(callbacks.handler(event("POST", f"/api/v1/{noun}", body), None))


def content(answer: Mapping[str, Any]) -> bytes:
    """Return the body of a function's response."""
    body: str = answer["body"]
    return base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()


def _answered(answer: Mapping[str, Any]) -> ApiResponse:
    return ApiResponse(answer["statusCode"], answer["headers"], content(answer))


def submit(**fields: Json) -> str:
    """Submit a job and return its id."""
    answer = call("POST", "/jobs", {"task_type": "noop", **fields})
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def start(job: str, generation: int = 1) -> None:
    """Run the workflow until workers can lease chunks."""
    given = {"job": job, "generation": generation, "n": 1}

    def invoke(at: Position) -> Any:
        if at.state is State.PLAN:
            ranges = plan_tasks.handler(given, None)["ranges"]
            return [(each["first"], each["count"]) for each in ranges]
        if at.state is State.MONITOR:
            seen = at.seen._asdict()
            answer = monitor_completion.handler(given | {"passes": at.passes, "seen": seen}, None)
            return NextStep(answer["decision"], PassState(**answer["seen"]))
        handler = {State.CREATE: create_tasks, State.ENQUEUE: enqueue_tasks}[at.state].handler
        first, count = at.range
        return handler(given | {"first": first, "count": count}, None)

    run_until_wait(invoke)


def lease(
    job: str, chunk: int = 0, *, worker: str = "w-1", request: str = "request-1", **fields: Json
) -> Json:
    """Return the response to a lease request for one chunk."""
    body = {
        "worker": worker,
        "request_id": request,
        "chunks": [{"job_id": job, "chunk": chunk}],
        **fields,
    }
    answer = callback("leases", body)
    assert answer.status == 200, answer.text
    return answer.json["leases"][0]


def acknowledge(granted: Json, index: int, *, worker: str = "w-1") -> None:
    """Name a task of a granted lease as the current one."""
    named = {name: granted[name] for name in ("job_id", "chunk", "epoch")} | {"index": index}
    answer = callback("heartbeats", {"worker": worker, "leases": [named]})
    assert answer.json["leases"][0]["decision"] == "extended", answer.text


def outcome(index: int, *, result: Json = None, error: Json = None) -> Json:
    """Return the outcome of a first attempt."""
    return {
        "index": index,
        "attempt": 1,
        "outcome": "completed" if error is None else "failed",
        "started_at": "2027-01-15T08:00:00.000Z",
        "duration": 0.5,
    } | ({"result": result} if error is None else {"error": error})


def report(granted: Json, outcomes: list[Json], *, final: bool = True, **fields: Json) -> str:
    """Send the first report of a granted lease and return the decision."""
    each = {
        "job_id": granted["job_id"],
        "chunk": granted["chunk"],
        "epoch": granted["epoch"],
        "report": 1,
        "final": final,
        "outcomes": outcomes,
        **fields,
    }
    answer = callback("reports", {"worker": "w-1", "reports": [each]})
    assert answer.status == 200, answer.text
    return str(answer.json["reports"][0]["decision"])


def run(job: str, chunk: int = 0) -> None:
    """Lease a chunk and complete its tasks with their indices as results."""
    granted = lease(job, chunk)
    report(granted, [outcome(t["index"], result={"i": t["index"]}) for t in granted["tasks"]])
