"""What a container task asks of Kubernetes: one Job with one pod, as the API takes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shoal import Context

CONTAINER: Final = "task"
"""The name of the one container of a pod."""
JOB: Final = "shoal/job"
INDEX: Final = "shoal/index"
ATTEMPT: Final = "shoal/attempt"
EPOCH: Final = "shoal/epoch"
ADOPTER: Final = "shoal/adopted-by-epoch"
"""The latest epoch that watches the Job; whoever has an older one leaves it alone."""
SETTLED: Final = "shoal/settled"
"""The epoch that handed its failure over, so that it stands for no later run of the task."""

_TTL_SECONDS: Final = 3_600
"""A finished Job is kept this long: far longer than a dead worker's lease."""
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
    """The one name of the task's Job under this epoch: Kubernetes refuses a second of that name.

    At most 52 characters, so that the names of its pods stay whole.
    """
    return f"shoal-{ctx.job_id.removeprefix('job_').lower()}-{ctx.index}-{ctx.epoch}"


def task_labels(ctx: Context) -> dict[str, str]:
    """The labels that all Jobs of a task share, and no other's."""
    return {JOB: ctx.job_id, INDEX: str(ctx.index)}


def job_manifest(spec: ContainerSpec, ctx: Context, service_account: str) -> dict[str, Any]:
    """The Job: one pod, never started again, ended by Kubernetes when the attempt's time is up."""
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
    # A node is not given up for being too empty while it runs a task.
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}


def _pod(spec: ContainerSpec, ctx: Context, service_account: str) -> dict[str, Any]:
    """A pod that the `restricted` Pod Security Standard admits, without a token for the API."""
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
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - in the container
    }


def _task_variables(ctx: Context) -> dict[str, str]:
    """What the container learns of its task; the user's own variables cannot stand for it."""
    return {
        "SHOAL_JOB_ID": ctx.job_id,
        "SHOAL_TASK_INDEX": str(ctx.index),
        "SHOAL_TASK_ID": ctx.task_id,
        "SHOAL_ATTEMPT": str(ctx.attempt),
        # The same for every attempt: what was done under it need not be done again.
        "SHOAL_IDEMPOTENCY_KEY": ctx.task_id,
    }
