"""The vocabulary of the scripts. Each call is played immediately and becomes a step."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.compat import canonical
from tests.compat.chapter import SCOPES, USER, Player, Step, changed
from tests.compat.environment import State

type Json = Any
type Script = Callable[["Recorder"], None]


def user(tenant: str = "default", scope: str = SCOPES) -> dict[str, str]:
    """Returns the claims of an administrator of a tenant, as API Gateway passes them."""
    return {**USER, "cognito:groups": f"[tenant:{tenant} admins]", "scope": scope}


def machine(client: str) -> dict[str, str]:
    """Returns the claims of a machine client."""
    return {"sub": client, "client_id": client, "scope": SCOPES}


class Recorder:
    """Plays steps and keeps them. `at` is the time in seconds since the start of the chapter."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._before: State = {}
        self._facts = dict[str, Json]()
        self.steps: list[Step] = []
        self.at = 0.0

    # Conditions of the next step.

    def wait(self, seconds: float) -> None:
        """Advances the clock."""
        self.at += seconds

    def facts(self, **facts: Json) -> None:
        """Sets the state of the services around the next step."""
        self._facts = facts

    def upload(self, bucket: str, key: str, body: bytes, **metadata: str) -> None:
        """Puts an object, as a client with a presigned URL does."""
        kept = {"body": canonical.body(body), "type": "binary/octet-stream", "metadata": metadata}
        self._before.setdefault(f"s3:{bucket}", {})[key] = kept

    def expire(self, place: str, key: str) -> None:
        """Deletes a row or an object, as its expiry does."""
        self._before.setdefault(place, {})[key] = None

    # Calls.

    def play(self, name: str, function: str, event: Json) -> Json:
        """Calls a function and returns its answer."""
        assert all(step.name != name for step in self.steps), f"two steps are named {name!r}"
        step = Step(name, function, event, self.at, self._facts, self._before)
        self._facts, self._before = {}, {}
        result = self._player.play(step)
        made = Step(**{**vars(step), **vars(result)})
        self.steps.append(made)
        return result.answer

    def http(
        self,
        name: str,
        method: str,
        path: str,
        body: Json = None,
        *,
        function: str = "api",
        status: int | None = None,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        claims: Json = ...,
        length: int | None = None,
    ) -> Json:
        """Sends a request and returns the body of its answer."""
        event: dict[str, Json] = {"method": method, "path": f"/api/v1{path}"}
        event |= {"query": query} if query else {}
        event |= {"headers": dict(headers)} if headers else {}
        event |= {} if body is None else {"body": body}
        event |= {} if length is None else {"length": length}
        if function == "api" and claims is not None:
            event["claims"] = "default" if claims is ... else claims
        answer = self.play(name, function, event)
        usual = {"POST": {200, 201, 202}, "DELETE": {204}}.get(method, {200})
        expected = usual if status is None else {status}
        assert answer["status"] in expected, f"{name}: {answer}"
        return answer["body"].get("json", answer["body"])

    def get(self, name: str, path: str, **given: Any) -> Json:
        """Sends a GET request."""
        return self.http(name, "GET", path, **given)

    def post(self, name: str, path: str, body: Json = None, **given: Any) -> Json:
        """Sends a POST request."""
        return self.http(name, "POST", path, body, **given)

    def worker(self, name: str, noun: str, body: Json, **given: Any) -> Json:
        """Sends a POST request as a worker."""
        return self.http(name, "POST", f"/{noun}", body, function="callbacks", **given)

    # Frequent sequences.

    def register(self, name: str = "a worker registers", /, **given: Json) -> None:
        """Registers a worker that offers `noop` and `sized`."""
        offers = [{"name": "noop", "schema": {"type": "object"}}, SIZED]
        self.worker(name, "workers", {"worker": "w-1", "task_types": offers, **given})

    def submit(self, name: str, /, **fields: Json) -> str:
        """Submits a job and returns its id."""
        body = {"task_type": "noop", **fields}
        return str(self.post(name, "/jobs", body)["id"])

    def start(self, what: str, job: str, generation: int = 1, n: int = 1) -> None:
        """Runs the state machine until workers can lease chunks."""
        given = {"job": job, "generation": generation, "n": n}
        plan = self.play(f"{what}: plan", "plan_tasks", given)
        for each in plan["ranges"]:
            self.play(f"{what}: create from {each['first']}", "create_tasks", {**given, **each})
        for each in plan["ranges"]:
            self.play(f"{what}: enqueue from {each['first']}", "enqueue_tasks", {**given, **each})
        self.monitor(f"{what}: monitor", job, generation)

    def monitor(
        self, name: str, job: str, generation: int = 1, seen: Json = None, passes: int = 0
    ) -> Json:
        """Runs MonitorCompletion once."""
        given = {"job": job, "generation": generation, "n": 1}
        return self.play(
            name, "monitor_completion", {**given, "passes": passes, "seen": seen or {}}
        )

    def lease(
        self, name: str, job: str, *chunks: int, worker: str = "w-1", request: str = "request-1"
    ) -> list[Json]:
        """Leases chunks and returns the answer for each."""
        wanted = [{"job_id": job, "chunk": chunk} for chunk in chunks or (0,)]
        body = {"worker": worker, "request_id": request, "chunks": wanted}
        answer = self.worker(name, "leases", body)
        return list(answer["leases"])

    def acknowledge(self, name: str, lease: Json, task: int, *, worker: str = "w-1") -> None:
        """Names a task of a lease as the current one."""
        beat = {name: lease[name] for name in ("job_id", "chunk", "epoch")} | {"index": task}
        self.worker(name, "heartbeats", {"worker": worker, "leases": [beat]})

    def report(
        self,
        name: str,
        lease: Json,
        outcomes: list[Json],
        *,
        number: int = 1,
        final: bool = True,
        worker: str = "w-1",
        **more: Json,
    ) -> str:
        """Reports outcomes and returns the decision."""
        place = {name: lease[name] for name in ("job_id", "chunk", "epoch")}
        report = {**place, "report": number, "final": final, "outcomes": outcomes, **more}
        answer = self.worker(name, "reports", {"worker": worker, "reports": [report]})
        return str(answer["reports"][0]["decision"])

    def run(self, what: str, job: str, chunk: int = 0, *, failed: tuple[int, ...] = ()) -> None:
        """Leases a chunk and ends its tasks."""
        (lease,) = self.lease(f"{what}: lease", job, chunk)
        outcomes = [
            ended(task["index"], task["attempt"], error=BOOM if task["index"] in failed else None)
            for task in lease["tasks"]
        ]
        self.report(f"{what}: report", lease, outcomes)

    def stream(self, name: str, function: str = "job_events") -> Json:
        """Passes the latest changes of the jobs table to a consumer of its stream."""
        before: State = {}
        for step in self.steps[:-1]:
            before = changed(changed(before, step.before), step.after)
        records: list[Json] = []
        for key, row in sorted(self.steps[-1].after.get("jobs", {}).items()):
            images: dict[str, Json] = {"Keys": {"id": {"S": key}}}
            if (old := before.get("jobs", {}).get(key)) is not None:
                images["OldImage"] = _image(old)
            if row is not None:
                images["NewImage"] = _image(row)
            records.append({"eventID": str(len(records)), "dynamodb": images})
        return self.play(name, function, {"Records": records})


SIZED: Final = {
    "name": "sized",
    "schema": {
        "type": "object",
        "properties": {"size": {"type": "integer", "minimum": 1, "default": 3}},
        "required": ["size"],
        "additionalProperties": False,
    },
    "timeout": 120.0,
    "retry": {"max_attempts": 2, "non_retryable": ["KeyError"]},
    "batch": 16,
    "description": "Has a size.",
}
BOOM: Final = {"type": "Boom", "message": "disk 7 is full", "tail": "a line\n", "retryable": True}
FATAL: Final = {"type": "KeyError", "message": "'size'", "retryable": False}


def ended(index: int, attempt: int = 1, *, error: Json = None, result: Json = None) -> Json:
    """Returns the outcome of an attempt."""
    return {
        "index": index,
        "attempt": attempt,
        "outcome": "completed" if error is None else "failed",
        "started_at": "2027-01-15T08:00:00.250Z",
        "duration": 0.5,
    } | ({"error": error} if error else {"result": {"i": index} if result is None else result})


def _image(row: Json) -> Json:
    """Returns a row as a stream record contains it, with bytes in base64."""
    return json.loads(json.dumps(canonical.attributes(row), default=_opaque))


def _opaque(held: bytes) -> str:
    return base64.b64encode(held).decode()
