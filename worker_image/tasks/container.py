"""The task type that runs a container in a Kubernetes Job."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field
from pydantic_core import from_json

from shoal import Context, task
from tasks import container_run
from tasks.cluster import Cluster, ClusterConfig
from tasks.container_job import ContainerSpec

_NAME: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE: Final = (
    r"^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/)?"
    rf"{_NAME}(?:/{_NAME})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$"
)
_VARIABLE: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"
_CPU: Final = r"^(?:[1-9][0-9]{0,5}m|[1-9][0-9]{0,2}(?:\.[0-9]{1,3})?|0\.[0-9]{1,3})$"
_MEMORY: Final = r"^[1-9][0-9]{0,6}(?:Mi|Gi)$"

Word = Annotated[str, Field(max_length=8_192)]
Words = Annotated[tuple[Word, ...], Field(max_length=256)]
Variables = Annotated[
    dict[Annotated[str, Field(pattern=_VARIABLE)], Annotated[str, Field(max_length=32_768)]],
    Field(max_length=200, json_schema_extra={"additionalProperties": False}),
]


class ContainerResult(BaseModel):
    """The result of a container that succeeded."""

    exit_code: int
    message: dict[str, Any] | str
    """The termination message of the container, parsed if it is a JSON object."""


@task(timeout=timedelta(hours=1))
async def container(
    image: Annotated[
        str,
        Field(
            max_length=512,
            pattern=_IMAGE,
            description="Image to run, preferably with its digest",
            examples=["tools/resize:1.4"],
        ),
    ],
    *,
    command: Annotated[
        Words, Field(description="Entry point; empty for the entry point of the image")
    ] = (),
    args: Annotated[
        Words, Field(description="Arguments; empty for the arguments of the image")
    ] = (),
    env: Annotated[Variables, Field(description="Environment variables")] = {},  # noqa: B006 - it is never changed
    cpu: Annotated[
        str,
        Field(title="CPU", pattern=_CPU, description="CPU request and limit"),
    ] = "500m",
    memory: Annotated[
        str, Field(pattern=_MEMORY, description="Memory request and limit in Mi or Gi")
    ] = "512Mi",
    user: Annotated[
        Annotated[int, Field(ge=1, lt=2**31)] | None,
        Field(description="User id to run as, for an image that runs as root by default"),
    ] = None,
    read_only: Annotated[
        bool, Field(description="Mount the root file system read-only, except /tmp")
    ] = True,
    ctx: Context,
) -> ContainerResult:
    """Run a container in its own Kubernetes Job.

    Exit code 0 means success, and the result is the content of /dev/termination-log. The container
    receives the variables SHOAL_JOB_ID, SHOAL_TASK_INDEX, SHOAL_TASK_ID, SHOAL_ATTEMPT and
    SHOAL_IDEMPOTENCY_KEY.
    """
    spec = ContainerSpec(
        image=image,
        command=command,
        args=args,
        env=env,
        cpu=cpu,
        memory=memory,
        user=user,
        read_only=read_only,
    )
    cluster = await asyncio.to_thread(Cluster.connect, ClusterConfig.from_environment())
    message = await container_run.ContainerRun(cluster, spec, ctx, container_run.SCHEDULE).message()
    return ContainerResult(exit_code=0, message=_object(message))


def _object(message: str) -> dict[str, Any] | str:
    """Returns the message, parsed if it is a JSON object. Kubernetes truncates it to 4 KB."""
    if not message.lstrip().startswith("{"):
        return message
    try:
        parsed: dict[str, Any] = from_json(message, allow_inf_nan=False)
    except ValueError:
        return message
    return parsed
