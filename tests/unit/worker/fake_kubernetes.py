"""A stateful Kubernetes API on loopback with Jobs, their pods and logs.

It behaves like the API server in all respects that container tasks depend on: names are unique,
every write increments the version, writes with another version or uid are rejected, and a Job is
deleted after its pods. Pods change only when a test changes them, possibly during a request
(`before`).
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self, override
from urllib.parse import parse_qs, urlsplit

import kubernetes.client
import yaml

DROP: Final = "drop"
"""Closes the connection without executing the request."""
HANG: Final = "hang"
"""Neither executes the request nor responds."""
LOSE: Final = "lose"
"""Executes the request and closes the connection without a response."""
_PATH: Final = re.compile(
    r"/(?:apis/batch|api)/v1/namespaces/([^/]+)/(jobs|pods)(?:/([^/]+))?(?:/(log))?"
)
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Status:
    """An error response."""

    code: int
    reason: str = ""
    retry_after: str = ""


type Fault = str | Status


class Refusal(Exception):  # noqa: N818 - internal to this module
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.status = Status(code, reason)


@dataclass
class FakeKubernetes:
    """The cluster. `role` has the permissions of the worker as "verb resource"; None allows all."""

    namespace: str = "shoal-tasks"
    role: set[str] | None = None
    lingering: bool = False
    """Whether a deleted Job exists until `finish_deletion`, as while its pod terminates."""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    """The name of every Job that was created."""
    requests: list[str] = field(default_factory=list)
    """Every received request, as "verb resource"."""
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    before: dict[str, deque[Callable[[], None]]] = field(default_factory=lambda: defaultdict(deque))
    """Changes of the cluster just before requests, one for each request."""
    on_the_way: dict[str, Callable[[], None]] = field(default_factory=dict)
    """Changes while requests are in transit; other requests may overtake them."""
    on_made: Callable[[str], None] = field(default=lambda _name: None)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._version = 0
        self.closing = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def kubeconfig(self, folder: Path) -> Path:
        """Writes a kubeconfig for this API."""
        host, port = self._server.server_address[:2]
        path = folder / "kubeconfig"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": f"http://{host!s}:{port}"}}],
            "users": [{"name": "worker", "user": {"token": "none"}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "worker"}}],
        }
        path.write_text(yaml.safe_dump(document))
        return path

    # Changes by tests.

    @property
    def running(self) -> list[str]:
        """Returns the Jobs that have not ended and are not being deleted."""
        return [
            name
            for name, job in self.jobs.items()
            if not job["status"].get("conditions") and "deletionTimestamp" not in job["metadata"]
        ]

    def run(self, name: str) -> None:
        """Starts the container of a Job."""
        self._pod(name, "Running", {"running": {}})
        self._job_status(name, active=1, ready=1)

    def pend(self, name: str) -> None:
        """Leaves the pod of a Job pending, without a node."""
        pod = self._pod(name, "Pending", None)
        lacking = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        pod["status"]["conditions"] = [lacking]
        self._job_status(name, active=1, ready=0)

    def hold_up(self, name: str, reason: str, message: str = "") -> None:
        """Leaves the container of a Job waiting with a reason."""
        self._pod(name, "Pending", {"waiting": {"reason": reason, "message": message}})
        self._job_status(name, active=1, ready=0)

    def succeed(self, name: str, message: str = "") -> None:
        """Ends the container of a Job with exit code 0."""
        ended = {"exitCode": 0, "reason": "Completed", "message": message}
        self._pod(name, "Succeeded", {"terminated": ended})
        self._end(name, "Complete", "CompletionsReached")

    def succeed_all(self) -> None:
        """Ends all running Jobs with success."""
        for name in self.running:
            self.succeed(name)

    def fail(
        self, name: str, exit_code: int, *, reason: str = "Error", message: str = "", log: str = ""
    ) -> None:
        """Ends the container of a Job with an exit code, after it has printed `log`."""
        ended = {"exitCode": exit_code, "reason": reason, "message": message}
        pod = self._pod(name, "Failed", {"terminated": ended})
        self.logs[pod["metadata"]["name"]] = log.encode()
        self._end(name, "Failed", "BackoffLimitExceeded")

    def exceed_deadline(self, name: str) -> None:
        """Fails a Job at its deadline and deletes its pod."""
        self._forget_pods(name)
        self._end(name, "Failed", "DeadlineExceeded")

    def lose_node(self, name: str) -> None:
        """Fails a Job whose pod was lost with its node."""
        self._forget_pods(name)
        self._end(name, "Failed", "BackoffLimitExceeded")

    def touch(self, name: str, **annotations: str) -> None:
        """Changes a Job like another client."""
        with self._lock:
            metadata = self.jobs[name]["metadata"]
            metadata["annotations"] |= annotations
            metadata["resourceVersion"] = self._next_version()

    def delete(self, name: str) -> None:
        """Deletes the pod, then the Job."""
        with self._lock:
            self._forget_pods(name)
            self.touch(name)
            self.jobs[name]["metadata"]["deletionTimestamp"] = "2026-11-01T00:00:02Z"
            if not self.lingering:
                del self.jobs[name]

    def finish_deletion(self, name: str) -> None:
        """Ends the pod of a deleted Job, which removes the Job."""
        with self._lock:
            assert "deletionTimestamp" in self.jobs[name]["metadata"]
            del self.jobs[name]

    def make(self, manifest: Mapping[str, Any]) -> None:
        """Creates a Job like the API."""
        with self._lock:
            unknown = list(_unknown_fields(manifest, "V1Job", ""))
            if unknown:
                raise Refusal(400, f"unknown field {unknown[0]}")
            _refuse_unless_restricted(manifest["spec"]["template"]["spec"])
            job = json.loads(json.dumps(manifest))
            name: str = job["metadata"]["name"]
            if not _NAME.fullmatch(name):
                raise Refusal(422, "Invalid")
            if name in self.jobs:
                raise Refusal(409, "AlreadyExists")
            version = self._next_version()
            job["metadata"] |= {
                "namespace": self.namespace,
                "uid": f"uid-{version}",
                "resourceVersion": version,
                "creationTimestamp": "2026-11-01T00:00:00Z",
            }
            job["status"] = {}
            self.jobs[name] = job
            self.made.append(name)
            self.on_made(name)

    # The API.

    def answer(self, verb: str, path: str, query: Mapping[str, list[str]], body: Any) -> Any:
        """Returns the response: JSON, or bytes for a log. Raises Refusal."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise Refusal(404, "NotFound")
        namespace, resource, name, log = match.groups()
        verb = "list" if verb == "get" and name is None else verb
        requests = f"{verb} {resource}{'/log' if log else ''}"
        self.on_the_way.get(requests, lambda: None)()
        with self._lock:
            self.requests.append(requests)
            if self.before[requests]:
                self.before[requests].popleft()()
            fault = self.faults[requests].popleft() if self.faults[requests] else None
            if fault is not None and fault != LOSE:
                raise _Faulty(fault)
            if self.role is not None and requests not in self.role:
                raise Refusal(403, "Forbidden")
            if namespace != self.namespace:
                raise Refusal(404, "NotFound")
            answer = self._do(requests, name, query, body)
            if fault == LOSE:
                raise _Faulty(fault)
            return answer

    def _do(self, requests: str, name: str, query: Mapping[str, list[str]], body: Any) -> Any:
        match requests:
            case "create jobs":
                self.make(body)
                return self.jobs[body["metadata"]["name"]]
            case "list jobs":
                return {"kind": "JobList", "items": _chosen(self.jobs.values(), query)}
            case "list pods":
                return {"kind": "PodList", "items": _chosen(self.pods.values(), query)}
            case "get pods/log":
                if name not in self.logs:
                    raise Refusal(400, "BadRequest")
                lines = self.logs[name].splitlines(keepends=True)
                return b"".join(lines[-int(query["tailLines"][0]) :])
        job = self.jobs.get(name)
        if job is None:
            raise Refusal(404, "NotFound")
        if requests == "patch jobs":
            _refuse_conflict(job, body["metadata"])
            self.touch(name, **body["metadata"]["annotations"])
        elif requests == "delete jobs":
            assert body["propagationPolicy"] == "Foreground"
            _refuse_conflict(job, body["preconditions"])
            self.delete(name)
        return job

    def _pod(self, name: str, phase: str, state: Mapping[str, Any] | None) -> dict[str, Any]:
        with self._lock:
            job = self.jobs[name]
            template = job["spec"]["template"]
            labels = {"batch.kubernetes.io/controller-uid": job["metadata"]["uid"]}
            statuses = [] if state is None else [_container_status(template, state)]
            pod = {
                "metadata": {
                    "name": f"{name}-x7k2p",
                    "labels": template["metadata"]["labels"] | labels,
                    "creationTimestamp": "2026-11-01T00:00:01Z",
                },
                "spec": template["spec"],
                "status": {"phase": phase, "containerStatuses": statuses},
            }
            self.pods[f"{name}-x7k2p"] = pod
            return pod

    def _forget_pods(self, name: str) -> None:
        with self._lock:
            self.pods.pop(f"{name}-x7k2p", None)
            self.logs.pop(f"{name}-x7k2p", None)

    def _job_status(self, name: str, **status: Any) -> None:
        with self._lock:
            self.jobs[name]["status"] |= status
            self.touch(name)

    def _end(self, name: str, kind: str, reason: str) -> None:
        end = {"type": kind, "status": "True", "reason": reason, "message": "it ended"}
        self._job_status(name, active=0, ready=0, conditions=[end])

    def _next_version(self) -> str:
        self._version += 1
        return str(self._version)


class _Faulty(Exception):  # noqa: N818 - internal to this module
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def _container_status(template: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    container = template["spec"]["containers"][0]
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": "running" in state,
        "restartCount": 0,
        "state": state,
    }


def _chosen(
    objects: Iterable[dict[str, Any]], query: Mapping[str, list[str]]
) -> list[dict[str, Any]]:
    wanted = [pair.split("=") for pair in query.get("labelSelector", [""])[0].split(",") if pair]
    return [
        each
        for each in objects
        if all(each["metadata"]["labels"].get(name) == value for name, value in wanted)
    ]


def _refuse_conflict(job: Mapping[str, Any], named: Mapping[str, Any]) -> None:
    for key in ("uid", "resourceVersion"):
        if named.get(key, job["metadata"][key]) != job["metadata"][key]:
            raise Refusal(409, "Conflict")


def _unknown_fields(value: Any, kind: str, path: str) -> Iterable[str]:
    """Returns the unknown fields, which the API server would drop."""
    if listed := re.fullmatch(r"List\[(.+)\]", kind):
        for each in value:
            yield from _unknown_fields(each, listed[1], path)
        return
    model = getattr(kubernetes.client, kind, None)
    if model is None or not hasattr(model, "openapi_types"):
        return
    kinds = {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}
    for name, each in value.items():
        if name not in kinds:
            yield f"{path}.{name}"
        else:
            yield from _unknown_fields(each, kinds[name], f"{path}.{name}")


def _refuse_unless_restricted(pod: Mapping[str, Any]) -> None:
    """Returns the violations of the Pod Security Standard `restricted`."""
    whole = pod["securityContext"]
    ok = whole["runAsNonRoot"] and whole["seccompProfile"]["type"] == "RuntimeDefault"
    for container in pod["containers"]:
        own = container["securityContext"]
        ok = ok and own["allowPrivilegeEscalation"] is False
        ok = ok and own["capabilities"]["drop"] == ["ALL"]
    ok = ok and all(set(volume) <= {"name", "emptyDir"} for volume in pod["volumes"])
    if not ok:
        raise Refusal(403, "violates PodSecurity restricted")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, fake_kubernetes: FakeKubernetes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fake_kubernetes = fake_kubernetes


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per response: a second packet would wait for an acknowledgement

    def _serve(self, verb: str) -> None:
        url = urlsplit(self.path)
        size = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(size)) if size else None
        try:
            answer = self.server.fake_kubernetes.answer(verb, url.path, parse_qs(url.query), body)
        except Refusal as refusal:
            self._refuse(refusal.status)
        except _Faulty as faulty:
            if isinstance(faulty.fault, Status):
                self._refuse(faulty.fault)
            else:
                if faulty.fault == HANG:
                    self.server.fake_kubernetes.closing.wait()
                self.close_connection = True
        else:
            self._send(200 if verb != "create" else 201, answer)

    def _refuse(self, status: Status) -> None:
        document = {
            "kind": "Status",
            "reason": status.reason,
            "message": f"message: {status.reason}",
        }
        headers = {"Retry-After": status.retry_after} if status.retry_after else {}
        self._send(status.code, document, headers)

    def _send(self, code: int, answer: Any, headers: Mapping[str, str] = {}) -> None:
        plain = isinstance(answer, bytes)
        data = answer if plain else json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if plain else "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self._serve("get")

    def do_POST(self) -> None:
        self._serve("create")

    def do_PATCH(self) -> None:
        self._serve("patch")

    def do_DELETE(self) -> None:
        self._serve("delete")

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Does not log requests."""
