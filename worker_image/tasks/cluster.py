"""The Kubernetes API for container tasks: Jobs, their pods and their logs.

Only this module uses the official client. A process imports the client when it runs its first
container task, because the import takes half a second and 50 MB.
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
"""Connect timeout and read timeout in seconds."""
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
    """The worker has no access to a cluster. Container tasks need a worker that runs in one."""


class Refused(RuntimeError):  # noqa: N818 - the tree reads as nouns
    """The cluster rejects the request: check the role, the quota and the namespace."""


class Missing(Refused):
    """The object does not exist. For a list or a new Job, the namespace does not exist."""


class NotAccepted(NonRetryable):
    """The cluster rejects the Job as invalid. A retry would not help."""


class ClusterUnreachable(Exception):  # noqa: N818
    """The API server does not respond or is overloaded. Retry after `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ClusterConflict(ClusterUnreachable):
    """A concurrent write came first. For a new Job, the API server lost a race over a quota."""


class JobChanged(Exception):  # noqa: N818
    """The Job has changed since it was read."""


class JobExists(Exception):  # noqa: N818
    """A Job with this name exists."""


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """The namespace of Jobs, and the service account of their pods."""

    namespace: str
    service_account: str
    kubeconfig: str | None

    @staticmethod
    def from_environment() -> ClusterConfig:
        """Reads the worker's environment. Without KUBECONFIG, uses the cluster of the worker."""
        environment = os.environ  # noqa: TID251 - tasks cannot use shoal.settings
        return ClusterConfig(
            namespace=environment.get("SHOAL_CONTAINER_NAMESPACE") or "shoal-tasks",
            service_account=environment.get("SHOAL_CONTAINER_SERVICE_ACCOUNT") or "shoal-task",
            kubeconfig=environment.get("KUBECONFIG") or None,
        )


@dataclass(frozen=True, slots=True)
class KubernetesJob:
    """The state of a Job when it was read. `end` is "Complete" or "Failed" after its end."""

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
    """The pod of a Job. `exit_code` is set once its container has ended."""

    name: str
    waiting: str
    exit_code: int | None
    reason: str
    message: str


class Cluster:
    """Blocking calls. They raise ClusterUnreachable if a retry may help, else Refused."""

    def __init__(self, config: ClusterConfig, client: ApiClient) -> None:
        self.config = config
        self._client = client
        self._jobs = f"/apis/batch/v1/namespaces/{config.namespace}/jobs"
        self._pods = f"/api/v1/namespaces/{config.namespace}/pods"

    @staticmethod
    @functools.cache
    def connect(target: ClusterConfig) -> Cluster:
        """Returns the cluster, with one client per process. Raises NoCluster if there is none."""
        try:
            from kubernetes import client, config  # noqa: PLC0415 - see the module docstring
        except ImportError as error:
            raise NoCluster(
                f"container tasks need a worker with the extra `container`: {error}"
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
        configuration.retries = False  # the caller retries
        return Cluster(target, client.ApiClient(configuration))

    def create(self, manifest: Mapping[str, Any]) -> None:
        """Creates a Job. Raises JobExists, or NotAccepted if it is invalid."""
        self._call("POST", self._jobs, body=manifest)

    def jobs(self, labels: Mapping[str, str]) -> list[KubernetesJob]:
        """Returns all Jobs with these labels."""
        found = self._call("GET", self._jobs, labelSelector=_selector(labels))
        return [_job(job) for job in found["items"]]

    def job(self, name: str) -> KubernetesJob | None:
        """Returns the Job of this name, or None."""
        try:
            return _job(self._call("GET", f"{self._jobs}/{name}"))
        except Missing:
            return None

    def annotate(self, job: KubernetesJob, name: str, value: str) -> None:
        """Annotates a Job. Raises JobChanged if it has changed since it was read."""
        metadata = {"resourceVersion": job.version, "annotations": {name: value}}
        with _if_unchanged():
            self._call("PATCH", f"{self._jobs}/{job.name}", body={"metadata": metadata})

    def delete(self, job: KubernetesJob) -> None:
        """Deletes a Job after its pods. Raises JobChanged if it has changed since it was read."""
        options = {
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": job.uid, "resourceVersion": job.version},
        }
        with _if_unchanged():
            self._call("DELETE", f"{self._jobs}/{job.name}", body=options)

    def pod(self, job: KubernetesJob) -> Pod | None:
        """Returns the latest pod of a Job, or None."""
        owner = _selector({"batch.kubernetes.io/controller-uid": job.uid})
        found = self._call("GET", self._pods, labelSelector=owner)["items"]
        newest = max(found, key=lambda pod: pod["metadata"]["creationTimestamp"], default=None)
        return None if newest is None else _pod(newest)

    def tail(self, pod: Pod) -> str:
        """Returns the end of the container's log; empty if it no longer exists."""
        tail = b""
        try:
            with self._open(
                *("GET", f"{self._pods}/{pod.name}/log"),
                container=CONTAINER,
                tailLines=_TAIL_LINES,
                limitBytes=_LOG_BYTES,  # counted from the first of those lines
            ) as response:
                for data in response.stream(65_536):
                    tail = (tail + data)[-TAIL_BYTES:]
        except (Missing, NotAccepted):  # the pod was deleted, or its container never started
            return ""
        return tail.decode(errors="replace")

    def _call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        with self._open(method, path, body, **query) as response:
            return json.loads(response.data)

    @contextlib.contextmanager
    def _open(
        self, method: str, path: str, body: object = None, **query: object
    ) -> Iterator[HTTPResponse]:
        """Yields a successful response. Raises one of our errors for any other response.

        It does not use the client's classes for kinds of objects, because importing them takes
        five times as long as the remaining client, and 100 MB.
        """
        from kubernetes.client import ApiException  # noqa: PLC0415 - see the module docstring
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - see the module docstring

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
        except (HTTPError, ApiException) as error:  # the client raises ApiException if TLS fails
            raise ClusterUnreachable(
                f"the Kubernetes API does not respond: {type(error).__name__}"
            ) from error


@contextlib.contextmanager
def _if_unchanged() -> Iterator[None]:
    """Raises JobChanged if the Job was deleted or has another version than expected."""
    try:
        yield
    except (Missing, ClusterConflict) as error:
        raise JobChanged(str(error)) from error


def _error_of(status: int, body: bytes, headers: Mapping[str, str]) -> Exception:
    """Returns the error for a response that is not successful."""
    reason, message = _reason_and_message(body)
    if reason == "AlreadyExists":
        return JobExists(message)
    if status == _NOT_FOUND:
        return Missing(message)
    if status == _CONFLICT:
        return ClusterConflict(message)
    if status in {400, 422}:
        return NotAccepted(f"the cluster rejected the Job: {message}")
    if status in {408, 429} or status >= _FAULTY:
        return ClusterUnreachable(
            message or f"the Kubernetes API responded with status {status}", _retry_after(headers)
        )
    return Refused(f"the cluster rejected the request with status {status}: {message}")


def _reason_and_message(body: bytes) -> tuple[str, str]:
    """Returns the reason and the message of a Kubernetes Status object."""
    try:
        status = json.loads(body)
        return str(status.get("reason", "")), str(status.get("message", ""))[:1_000]
    except (ValueError, AttributeError):  # a response of a proxy, not of the API server
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
