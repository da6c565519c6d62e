"""The Kubernetes API as container tasks need it: Jobs, their pods, what they printed.

The one file that knows the official client. That is imported when a process runs its first
container task, since it costs half a second and 50 MB that no other task should pay.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shoal import NonRetryable
from tasks.container_job import ADOPTER, ATTEMPT, CONTAINER, EPOCH, SETTLED

if TYPE_CHECKING:
    from kubernetes.client import ApiClient
    from urllib3 import HTTPResponse

TAIL_BYTES: Final = 8_192
_TAIL_LINES: Final = 500
_LOG_BYTES: Final = 4 * 1024 * 1024
_TIMEOUTS: Final = (3.0, 10.0)
"""To connect, and to wait for an answer."""
_CONTENT: Final = {
    **dict.fromkeys(("GET", "POST", "DELETE"), "application/json"),
    "PATCH": "application/merge-patch+json",
}
_FIRST_SUCCESS: Final = 200
_LAST_SUCCESS: Final = 299
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_FAULTY: Final = 500


class NoCluster(NonRetryable):
    """This worker cannot reach any cluster; containers are for workers that run in one."""


class Refused(RuntimeError):  # noqa: N818 - the tree reads as nouns
    """The cluster does not let the worker do it: a role, a quota or the namespace is missing."""


class Missing(Refused):
    """There is no such thing; for a list or a new Job, no such namespace."""


class NotAccepted(NonRetryable):
    """The cluster does not take such a Job, now or later."""


class ClusterUnreachable(Exception):  # noqa: N818
    """No answer, or none that counts; ask again, `after` so many seconds if the server said."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ClusterConflict(ClusterUnreachable):
    """Another came first; of a new Job it is a race that the server lost itself, over a quota."""


class JobChanged(Exception):  # noqa: N818
    """The Job is no longer what it was when it was read."""


class JobExists(Exception):  # noqa: N818
    """There is a Job of that name."""


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Where Jobs go, and as whom their pods run."""

    namespace: str
    service_account: str
    kubeconfig: str | None

    @staticmethod
    def from_environment() -> ClusterConfig:
        """What the worker was started with; without KUBECONFIG, the cluster that it runs in."""
        environment = os.environ  # noqa: TID251 - a task has no settings of ours
        return ClusterConfig(
            namespace=environment.get("SHOAL_CONTAINER_NAMESPACE") or "shoal-tasks",
            service_account=environment.get("SHOAL_CONTAINER_SERVICE_ACCOUNT") or "shoal-task",
            kubeconfig=environment.get("KUBECONFIG") or None,
        )


@dataclass(frozen=True, slots=True)
class KubernetesJob:
    """A Job as it was read; `end` is "Complete" or "Failed" once it is over."""

    name: str
    uid: str
    version: str
    attempt: int
    epoch: int
    adopter: int
    settled: bool
    deleting: bool
    ready: bool
    end: str | None
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod of a Job; `exit_code` once its container has ended."""

    name: str
    waiting: str
    exit_code: int | None
    reason: str
    message: str


class Cluster:
    """Calls that block. All raise Unreachable if asking again may help, else Refused."""

    def __init__(self, config: ClusterConfig, client: ApiClient) -> None:
        self.config = config
        self._client = client
        self._jobs = f"/apis/batch/v1/namespaces/{config.namespace}/jobs"
        self._pods = f"/api/v1/namespaces/{config.namespace}/pods"

    @staticmethod
    @functools.cache
    def connect(target: ClusterConfig) -> Cluster:
        """The cluster of that target, one client a process; raise NoCluster if there is none."""
        try:
            from kubernetes import client, config  # noqa: PLC0415 - see the module's head
        except ImportError as error:
            raise NoCluster(
                f"container tasks need a worker that has the extra `container`: {error}"
            ) from error
        configuration = client.Configuration()
        try:
            if target.kubeconfig is None:
                config.load_incluster_config(client_configuration=configuration)
            else:
                config.load_kube_config(target.kubeconfig, client_configuration=configuration)
        except (config.ConfigException, OSError) as error:
            raise NoCluster(
                f"container tasks need a worker that runs in a Kubernetes cluster: {error}"
            ) from error
        configuration.retries = False  # whoever asks decides whether to ask again
        return Cluster(target, client.ApiClient(configuration))

    def create(self, manifest: Mapping[str, Any]) -> None:
        """Make the Job; raise AlreadyThere, or NotAccepted if it can never be made."""
        self._call("POST", self._jobs, body=manifest)

    def jobs(self, labels: Mapping[str, str]) -> list[KubernetesJob]:
        """All Jobs with these labels, as they are now."""
        found = self._call("GET", self._jobs, labelSelector=_selector(labels))
        return [_job(job) for job in found["items"]]

    def job(self, name: str) -> KubernetesJob | None:
        """The Job, if there is one of that name."""
        try:
            return _job(self._call("GET", f"{self._jobs}/{name}"))
        except Missing:
            return None

    def annotate(self, job: KubernetesJob, name: str, value: str) -> None:
        """Note something on the Job; raise Changed if it is no longer as it was read."""
        metadata = {"resourceVersion": job.version, "annotations": {name: value}}
        with _if_unchanged():
            self._call("PATCH", f"{self._jobs}/{job.name}", body={"metadata": metadata})

    def delete(self, job: KubernetesJob) -> None:
        """Delete the Job, its pods first; raise Changed if it is no longer as it was read."""
        options = {
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": job.uid, "resourceVersion": job.version},
        }
        with _if_unchanged():
            self._call("DELETE", f"{self._jobs}/{job.name}", body=options)

    def pod(self, job: KubernetesJob) -> Pod | None:
        """The latest pod of the Job, if it still has one."""
        owner = _selector({"batch.kubernetes.io/controller-uid": job.uid})
        found = self._call("GET", self._pods, labelSelector=owner)["items"]
        newest = max(found, key=lambda pod: pod["metadata"]["creationTimestamp"], default=None)
        return None if newest is None else _pod(newest)

    def tail(self, pod: Pod) -> str:
        """The end of what its container printed; nothing if that is gone."""
        tail = b""
        try:
            with self._open(
                *("GET", f"{self._pods}/{pod.name}/log"),
                container=CONTAINER,
                tailLines=_TAIL_LINES,
                limitBytes=_LOG_BYTES,  # counted from the first of those lines
            ) as response:
                for some in response.stream(65_536):
                    tail = (tail + some)[-TAIL_BYTES:]
        except (Missing, NotAccepted):  # the pod is gone, or its container never started
            return ""
        return tail.decode(errors="replace")

    def _call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        with self._open(method, path, body, **query) as response:
            return json.loads(response.data)

    @contextlib.contextmanager
    def _open(
        self, method: str, path: str, body: object = None, **query: object
    ) -> Iterator[HTTPResponse]:
        """An answer that is a success; raise another as one of ours.

        The client's classes for each kind of object are left out: they cost five times as much
        to import as all the rest, and 100 MB.
        """
        from kubernetes.client import ApiException  # noqa: PLC0415 - see the module's head
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - see the module's head

        request = self._client.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params={"Accept": "application/json", "Content-Type": _CONTENT[method]},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = self._client.call_api(*request, _request_timeout=_TIMEOUTS).response
            with contextlib.closing(response):
                if not _FIRST_SUCCESS <= response.status <= _LAST_SUCCESS:
                    raise _error_of(response.status, response.data, response.headers)
                yield response
        except (HTTPError, ApiException) as error:  # the client's own: TLS failed
            raise ClusterUnreachable(
                f"the Kubernetes API does not answer: {type(error).__name__}"
            ) from error


@contextlib.contextmanager
def _if_unchanged() -> Iterator[None]:
    """Raise Changed if the Job is gone, or another version than was named."""
    try:
        yield
    except (Missing, ClusterConflict) as error:
        raise JobChanged(str(error)) from error


def _error_of(status: int, body: bytes, headers: Mapping[str, str]) -> Exception:
    """What an answer that is no success means."""
    reason, message = _reason_and_message(body)
    if reason == "AlreadyExists":
        return JobExists(message)
    if status == _NOT_FOUND:
        return Missing(message)
    if status == _CONFLICT:
        return ClusterConflict(message)
    if status in {400, 422}:
        return NotAccepted(f"the cluster does not accept the Job: {message}")
    if status in {408, 429} or status >= _FAULTY:
        return ClusterUnreachable(
            message or f"the Kubernetes API answers {status}", _retry_after(headers)
        )
    return Refused(f"the cluster refuses ({status}): {message}")


def _reason_and_message(body: bytes) -> tuple[str, str]:
    """The reason, a word for programs, and the message, a sentence for people."""
    try:
        status = json.loads(body)
        return str(status.get("reason", "")), str(status.get("message", ""))[:1_000]
    except (ValueError, AttributeError):  # not the API server's own, but of something before it
        return "", ""


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        return min(30.0, float(headers.get("Retry-After", 0)))
    except ValueError:  # a date
        return 0.0


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in labels.items())


def _int_label(texts: Mapping[str, str], name: str) -> int:
    text = texts.get(name, "")
    return int(text) if text.isdecimal() else 0


def _job(job: Mapping[str, Any]) -> KubernetesJob:
    metadata, status = job["metadata"], job.get("status", {})
    labels, annotations = metadata.get("labels", {}), metadata.get("annotations", {})
    epoch = _int_label(labels, EPOCH)
    ends = [
        condition
        for condition in status.get("conditions", ())
        if condition["type"] in {"Complete", "Failed"} and condition["status"] == "True"
    ]
    end = ends[0] if ends else {}
    return KubernetesJob(
        name=metadata["name"],
        uid=metadata["uid"],
        version=metadata["resourceVersion"],
        attempt=_int_label(labels, ATTEMPT),
        epoch=epoch,
        adopter=max(epoch, _int_label(annotations, ADOPTER)),
        settled=SETTLED in annotations,
        deleting="deletionTimestamp" in metadata,
        ready=status.get("ready", 0) > 0,
        end=end.get("type"),
        reason=end.get("reason", ""),
        message=end.get("message", ""),
    )


def _pod(pod: Mapping[str, Any]) -> Pod:
    status = pod.get("status", {})
    statuses: Sequence[Mapping[str, Any]] = status.get("containerStatuses", ())
    state = statuses[0].get("state", {}) if statuses else {}
    waiting, ended = state.get("waiting", {}), state.get("terminated", {})
    return Pod(
        name=pod["metadata"]["name"],
        waiting=waiting.get("reason", ""),
        exit_code=ended.get("exitCode"),
        reason=status.get("reason") or ended.get("reason", ""),
        message=(ended or waiting or status).get("message", ""),
    )
