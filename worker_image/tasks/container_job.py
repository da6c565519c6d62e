"""The Kubernetes manifest of a container task: one Job with one pod."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shoal import Context

CONTAINER: Final = "task"
"""The name of the container in its pod."""
JOB: Final = "shoal/job"
INDEX: Final = "shoal/index"
ATTEMPT: Final = "shoal/attempt"
EPOCH: Final = "shoal/epoch"
ADOPTER: Final = "shoal/adopted-by-epoch"
"""The latest epoch that watches the Job. Runs with an older epoch ignore the Job."""
SETTLED: Final = "shoal/settled"
"""The epoch that reported the failure of the Job, so that no later run reports it again."""

_TTL_SECONDS: Final = 3_600
"""How long a finished Job is kept: much longer than the lease of a dead worker."""
_SCRATCH: Final = "1Gi"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """The input of a container task."""

    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str]
    cpu: str
    memory: str
    user: int | None
    read_only: bool


def job_name(ctx: Context) -> str:
    """Returns the name of the Job. It is unique per epoch, so Kubernetes rejects a second Job.

    It has at most 52 characters, so that Kubernetes does not truncate the names of the pods.
    """
    return f"shoal-{ctx.job_id.removeprefix('job_').lower()}-{ctx.index}-{ctx.epoch}"


def task_labels(ctx: Context) -> dict[str, str]:
    """Returns the labels that select all Jobs of a task."""
    return {JOB: ctx.job_id, INDEX: str(ctx.index)}


def job_manifest(spec: ContainerSpec, ctx: Context, service_account: str) -> dict[str, Any]:
    """Returns the Job: one pod without restarts, which Kubernetes ends at the attempt's timeout."""
    labels = task_labels(ctx) | {
        ATTEMPT: str(ctx.attempt),
        EPOCH: str(ctx.epoch),
        "app.kubernetes.io/managed-by": "shoal",
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(ctx),
            "labels": labels,
            "annotations": {ADOPTER: str(ctx.epoch)},
        },
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": max(1, math.ceil(ctx.remaining)),
            "ttlSecondsAfterFinished": _TTL_SECONDS,
            "template": {
                "metadata": {"labels": labels, "annotations": _DO_NOT_EVICT},
                "spec": _pod(spec, ctx, service_account),
            },
        },
    }


_DO_NOT_EVICT: Final = {
    # Prevents consolidation of a node that runs a task.
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}


def _pod(spec: ContainerSpec, ctx: Context, service_account: str) -> dict[str, Any]:
    """Returns a pod that meets the `restricted` Pod Security Standard and has no API token."""
    user = {} if spec.user is None else {"runAsUser": spec.user, "runAsGroup": spec.user}
    return {
        "restartPolicy": "Never",
        "serviceAccountName": service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            **user,
        },
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": _SCRATCH}}],
        "containers": [_container(spec, ctx)],
    }


def _container(spec: ContainerSpec, ctx: Context) -> dict[str, Any]:
    resources = {"cpu": spec.cpu, "memory": spec.memory}
    variables = dict(spec.env) | _task_variables(ctx)
    entry_point = {"command": list(spec.command), "args": list(spec.args)}
    return {
        "name": CONTAINER,
        "image": spec.image,
        **{key: words for key, words in entry_point.items() if words},
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "resources": {"requests": resources, "limits": resources},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": spec.read_only,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - inside the container
    }


def _task_variables(ctx: Context) -> dict[str, str]:
    """Returns the variables that identify the task. They override the variables of the user."""
    return {
        "SHOAL_JOB_ID": ctx.job_id,
        "SHOAL_TASK_INDEX": str(ctx.index),
        "SHOAL_TASK_ID": ctx.task_id,
        "SHOAL_ATTEMPT": str(ctx.attempt),
        # The same in every attempt.
        "SHOAL_IDEMPOTENCY_KEY": ctx.task_id,
    }
