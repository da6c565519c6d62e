"""What one may ask of the API, as flows: the sync and the async client both drive these."""

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

from shoal.client.effects import Answer, Flow, Request, asked
from shoal.client.models import Attempt, Counts, JobState, Json, Task, TaskFilter
from shoal.client.tokens import Tokens

_CELL: Final = Struct("<6H")
MAX_INLINE: Final = 900_000
"""Bytes of inputs that go with the submission; what is larger is uploaded first."""


class Page(NamedTuple):
    """Some items of a list, and the token that the rest is asked for with."""

    items: list[Any]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Api:
    """The API at `url`, in the name of whoever the tokens are of."""

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
    ) -> Flow[Answer]:
        """The answer to one call; raise ApiError for a refusal."""
        token = yield from self.tokens.current()
        request = Request(
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
        return (yield from asked(request.bearing(token)))

    def read(self, path: str, **params: Any) -> Flow[Any]:
        """The JSON at a path."""
        answer = yield from self.call("GET", path, params=params)
        return answer.json

    def page(self, path: str, params: Mapping[str, Any], token: str | None) -> Flow[Page]:
        """One page of a list."""
        found = yield from self.read(path, **params, next_token=token)
        return Page(found["items"], found.get("next_token"))

    def result_page(self, job_id: str, limit: int, token: str | None) -> Flow[Page]:
        """One page of a job's results, with an item for each that is missing too, by index."""
        path = f"jobs/{segment(job_id)}/results"
        found = yield from self.read(path, limit=limit, next_token=token)
        missing = (
            {"index": index, "result": None, "too_large": False, "missing": run["why"]}
            for run in found.get("missing", ())
            for index in range(run["first"], run["last"] + 1)
        )
        items = merge(found["items"], missing, key=lambda item: int(item["index"]))
        return Page([*items], found["next_token"])

    def post(self, path: str) -> Flow[Json]:
        """What a POST without a body is answered."""
        answer = yield from self.call("POST", path)
        return dict(answer.json)

    def add_webhook(self, said: Json, key: str | None) -> Flow[Json]:
        """A new webhook; the key makes sure that a repeated request gives the same one."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        answer = yield from self.call("POST", "webhooks", said, headers=headers)
        return dict(answer.json)

    # Jobs

    def submit(
        self, spec: Mapping[str, Any], inputs: Iterable[Mapping[str, Any]] | None, key: str | None
    ) -> Flow[JobState]:
        """A new job; the key makes sure that a repeated request gives the same one."""
        body = dict(spec)
        if inputs is not None:
            lines = [json.dumps(each) for each in inputs]
            if sum(map(len, lines)) + len(lines) <= MAX_INLINE:
                body["inputs"] = [json.loads(line) for line in lines]
            else:
                body["inputs_uri"] = yield from self.upload("\n".join(lines).encode())
        headers = {"Idempotency-Key": key or uuid4().hex}
        answer = yield from self.call("POST", "jobs", body, headers=headers)
        return JobState.of(answer.json)

    def clone(self, job_id: str, changes: Mapping[str, Any], key: str | None) -> Flow[JobState]:
        """Another job like it; the key makes sure that a repeated request gives the same one."""
        answer = yield from self.call(
            "POST",
            f"jobs/{segment(job_id)}/clone",
            changes or None,
            headers={"Idempotency-Key": key or uuid4().hex},
        )
        return JobState.of(answer.json)

    def discard(self, job_id: str, body: Mapping[str, Any]) -> Flow[JobState]:
        """The job without some of its failed tasks; the same again changes nothing."""
        answer = yield from self.call("POST", f"jobs/{segment(job_id)}/discard", body)
        return JobState.of(answer.json)

    def change(self, job_id: str, changes: Mapping[str, Any]) -> Flow[JobState]:
        """The job with these changes."""
        answer = yield from self.call("PATCH", f"jobs/{segment(job_id)}", changes)
        return JobState.of(answer.json)

    def delete(self, job_id: str) -> Flow[None]:
        """Delete it. Asked again, as after a lost answer, it is not found: that is the same."""
        yield from self.call("DELETE", f"jobs/{segment(job_id)}")

    def upload(self, lines: bytes) -> Flow[str]:
        """Put JSON Lines where a job finds them; their URI."""
        answer = yield from self.call("POST", "inputs")
        place = answer.json
        yield from asked(
            Request("PUT", place["upload_url"], headers=place["upload_headers"], content=lines)
        )
        return str(place["inputs_uri"])

    def job(self, job_id: str) -> Flow[JobState]:
        """A job as it is."""
        return JobState.of((yield from self.read(f"jobs/{segment(job_id)}")))

    def slowest(self, job_id: str, count: int, which: TaskFilter) -> Flow[list[Task]]:
        """The tasks that took longest: each page tells of some of the job, so all are asked for."""
        found, token = list[Task](), None
        while True:
            params = {**which, "order": "slowest", "limit": count}
            page = yield from self.page(f"jobs/{segment(job_id)}/tasks", params, token)
            found = nlargest(
                count, [*found, *map(Task.of, page.items)], key=lambda task: task.duration or 0.0
            )
            token = page.next_token
            if token is None:
                return found

    def attempts(self, task_id: str) -> Flow[list[Attempt]]:
        """All attempts of a task, oldest first: each page has those before the one before it."""
        found, token = list[Attempt](), None
        while True:
            page = yield from self.page(f"tasks/{segment(task_id)}/attempts", {}, token)
            found = [*map(Attempt.of, page.items), *found]
            token = page.next_token
            if token is None:
                return found

    def map(self, job_id: str) -> Flow[bytes]:
        """A letter a task; a map that takes too many reads for one answer comes in pieces."""
        found = b""
        while True:
            answer = yield from self._map(job_id, start=len(found))
            found += answer.content
            if not answer.content or len(found) >= int(answer.headers["x-task-count"]):
                return found

    def chunks(self, job_id: str) -> Flow[list[Counts]]:
        """The counts of each chunk."""
        answer = yield from self._map(job_id, cells="chunk")
        return [Counts(*cell) for cell in _CELL.iter_unpack(answer.content)]

    def _map(self, job_id: str, **params: Any) -> Flow[Answer]:
        return (yield from self.call("GET", f"jobs/{segment(job_id)}/map", params=params))

    def steer(
        self, job_id: str, verb: str, body: Mapping[str, Any] | None = None
    ) -> Flow[JobState]:
        """The job after a verb. A retry done twice is not one done once."""
        answer = yield from self.call(
            "POST",
            f"jobs/{segment(job_id)}/{verb}",
            body or None,
            headers={"Idempotency-Key": uuid4().hex},
            repeatable=verb != "retry",
        )
        return JobState.of(answer.json)


def segment(name: str) -> str:
    """A name as one segment of a path, whatever is in it."""
    return quote(name, safe="")


def given(**fields: Any) -> dict[str, Any]:
    """Those that are given, as JSON has them."""
    return {
        name: value if isinstance(value, (str, int, float, dict)) else list(value)
        for name, value in fields.items()
        if value is not None
    }


def _query(params: Mapping[str, Any]) -> dict[str, str]:
    """Without what is not given; several values of one name are joined by commas."""
    return {name: _word(value) for name, value in params.items() if value is not None}


def _word(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return value.isoformat() if isinstance(value, datetime) else str(value)
