"""The requests of the API, as flows. The synchronous and the asynchronous client both run them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge, nlargest
from struct import Struct
from typing import Any, Final, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from shoal.client.effects import Flow, HttpRequest, HttpResponse
from shoal.client.failure_groups import merged
from shoal.client.models import Attempt, Counts, JobState, Json, Task, TaskFilter
from shoal.client.retries import send
from shoal.client.tokens import Tokens

_CHUNK_COUNTS: Final = Struct("<6H")
MAX_INLINE_BYTES: Final = 900_000
"""The largest inputs that are sent with the submission; larger inputs are uploaded first."""


class Page(NamedTuple):
    """A page of a list, and the token of the next page."""

    items: list[Any]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Api:
    """The API at `url`. Each request carries a token of `tokens`."""

    url: str
    tokens: Tokens = field(repr=False)
    now: Callable[[], float] = time.monotonic

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Flow[HttpResponse]:
        """Send one request and return the response; raise ApiError or Unreachable."""
        token = yield from self.tokens.current()
        request = HttpRequest(
            method,
            f"{self.url.rstrip('/')}/api/v1/{path}",
            params=_query(params or {}),
            headers={
                **(headers or {}),
                **({} if body is None else {"Content-Type": "application/json"}),
            },
            content=None if body is None else json.dumps(body).encode(),
            repeatable=repeatable,
        )
        return (yield from send(request.with_token(token)))

    def read(self, path: str, **params: Any) -> Flow[Any]:
        """Return the JSON at a path."""
        response = yield from self.call("GET", path, params=params)
        return response.json

    def page(self, path: str, params: Mapping[str, Any], token: str | None) -> Flow[Page]:
        """Return one page of a list."""
        found = yield from self.read(path, **params, next_token=token)
        return Page(found["items"], found.get("next_token"))

    def post(self, path: str) -> Flow[Json]:
        """Send a POST without a body and return the response's JSON."""
        response = yield from self.call("POST", path)
        return dict(response.json)

    def create(self, path: str, body: Any, idempotency_key: str | None) -> Flow[Any]:
        """Create a resource and return its JSON; a repeated key returns the same resource."""
        headers = {"Idempotency-Key": idempotency_key or uuid4().hex}
        response = yield from self.call("POST", path, body, headers=headers)
        return response.json

    # Jobs

    def submit(
        self,
        spec: Mapping[str, Any],
        inputs: Iterable[Mapping[str, Any]] | None,
        idempotency_key: str | None,
    ) -> Flow[JobState]:
        """Submit a job. Upload its inputs first if they are too large for the request."""
        body = dict(spec)
        if inputs is not None:
            lines = [json.dumps(each) for each in inputs]
            if sum(map(len, lines)) + len(lines) <= MAX_INLINE_BYTES:
                body["inputs"] = [json.loads(line) for line in lines]
            else:
                body["inputs_uri"] = yield from self.upload("\n".join(lines).encode())
        return JobState.of((yield from self.create("jobs", body, idempotency_key)))

    def clone(
        self, job_id: str, changes: Mapping[str, Any], idempotency_key: str | None
    ) -> Flow[JobState]:
        """Submit a copy of a job with some fields changed."""
        path = f"jobs/{path_segment(job_id)}/clone"
        return JobState.of((yield from self.create(path, changes or None, idempotency_key)))

    def discard(self, job_id: str, body: Mapping[str, Any]) -> Flow[JobState]:
        """Discard failed tasks of a job. Discarding them twice changes nothing."""
        response = yield from self.call("POST", f"jobs/{path_segment(job_id)}/discard", body)
        return JobState.of(response.json)

    def change(self, job_id: str, changes: Mapping[str, Any]) -> Flow[JobState]:
        """Change fields of a job."""
        response = yield from self.call("PATCH", f"jobs/{path_segment(job_id)}", changes)
        return JobState.of(response.json)

    def delete(self, job_id: str) -> Flow[None]:
        """Delete a job."""
        yield from self.call("DELETE", f"jobs/{path_segment(job_id)}")

    def upload(self, lines: bytes) -> Flow[str]:
        """Upload inputs as JSON Lines and return their URI."""
        response = yield from self.call("POST", "inputs", {"size": len(lines)})
        target = response.json
        url, headers = target["upload_url"], target["upload_headers"]
        yield from send(HttpRequest("PUT", url, headers=headers, content=lines))
        return str(target["inputs_uri"])

    def job(self, job_id: str) -> Flow[JobState]:
        """Return a job."""
        return JobState.of((yield from self.read(f"jobs/{path_segment(job_id)}")))

    def result_page(self, job_id: str, limit: int, token: str | None) -> Flow[Page]:
        """Return one page of a job's results by index, missing results included."""
        path = f"jobs/{path_segment(job_id)}/results"
        found = yield from self.read(path, limit=limit, next_token=token)
        missing = (
            {"index": index, "result": None, "too_large": False, "missing": run["why"]}
            for run in found.get("missing", ())
            for index in range(run["first"], run["last"] + 1)
        )
        items = merge(found["items"], missing, key=lambda item: int(item["index"]))
        return Page([*items], found["next_token"])

    def slowest(self, job_id: str, count: int, which: TaskFilter) -> Flow[list[Task]]:
        """Return the slowest tasks. Each page covers a part of the job, so this reads all pages."""
        found, token = list[Task](), None
        while True:
            params = {**which, "order": "slowest", "limit": count}
            page = yield from self.page(f"jobs/{path_segment(job_id)}/tasks", params, token)
            found = nlargest(
                count, [*found, *map(Task.of, page.items)], key=lambda task: task.duration or 0.0
            )
            token = page.next_token
            if token is None:
                return found

    def failures(self, job_id: str) -> Flow[list[Json]]:
        """Return the failed tasks of a job by cause, the most frequent cause first."""
        found, token = list[Json](), None
        while True:
            page = yield from self.page(f"jobs/{path_segment(job_id)}/failures", {}, token)
            found += page.items
            token = page.next_token
            if token is None:
                return merged(found)

    def attempts(self, task_id: str) -> Flow[list[Attempt]]:
        """Return all attempts of a task, oldest first. The API's pages go from new to old."""
        found, token = list[Attempt](), None
        while True:
            page = yield from self.page(f"tasks/{path_segment(task_id)}/attempts", {}, token)
            found = [*map(Attempt.of, page.items), *found]
            token = page.next_token
            if token is None:
                return found

    def map(self, job_id: str) -> Flow[bytes]:
        """Return one letter for each task. The API may split a large map over several responses."""
        found = b""
        while True:
            response = yield from self._map(job_id, start=len(found))
            found += response.content
            if not response.content or len(found) >= int(response.headers["x-task-count"]):
                return found

    def chunks(self, job_id: str) -> Flow[list[Counts]]:
        """Return the counts of each chunk."""
        response = yield from self._map(job_id, cells="chunk")
        return [Counts(*each) for each in _CHUNK_COUNTS.iter_unpack(response.content)]

    def _map(self, job_id: str, **params: Any) -> Flow[HttpResponse]:
        return (yield from self.call("GET", f"jobs/{path_segment(job_id)}/map", params=params))

    def act(
        self, job_id: str, action: str, body: Mapping[str, Any] | None = None
    ) -> Flow[JobState]:
        """Cancel, pause, resume or retry a job. A retry is not repeatable: it would run twice."""
        response = yield from self.call(
            "POST",
            f"jobs/{path_segment(job_id)}/{action}",
            body or None,
            headers={"Idempotency-Key": uuid4().hex},
            repeatable=action != "retry",
        )
        return JobState.of(response.json)


def path_segment(name: str) -> str:
    """Quote a name as one segment of a path."""
    return quote(name, safe="")


def without_none(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None, with iterables as lists for JSON."""
    return {
        name: value if isinstance(value, (str, int, float, dict)) else list(value)
        for name, value in fields.items()
        if value is not None
    }


def _query(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that are not None; a list becomes one value, joined by commas."""
    return {name: _query_value(value) for name, value in params.items() if value is not None}


def _query_value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return value.isoformat() if isinstance(value, datetime) else str(value)
