"""The calls of a task to its worker, which makes them to the API under the lease of the task.

Child processes have no credentials. A call names only what the task decides: its index, and the key
or name. The worker adds what identifies the lease.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field, TypeAdapter

from shoal.wire.bodies import CLOSED
from shoal.wire.worker import ArtifactAnswer, Effect, EffectAnswer, TaskIndex

MAX_CALL_BYTES: Final = 1024 * 1024
"""Maximum size of an encoded call. The API limits keys, names and values further."""


class EffectCall(BaseModel):
    """Reads the stored effect of a key; with an `effect`, stores it unless one is stored."""

    model_config = CLOSED

    call: Literal["effect"] = "effect"
    index: TaskIndex
    key: str
    effect: Effect | None = None


class ArtifactCall(BaseModel):
    """Asks for a link to upload (with a `size` in bytes) or download an artifact."""

    model_config = CLOSED

    call: Literal["artifact"] = "artifact"
    index: TaskIndex
    name: str
    size: int | None = None


type TaskCall = Annotated[EffectCall | ArtifactCall, Field(discriminator="call")]
TASK_CALL: Final[TypeAdapter[EffectCall | ArtifactCall]] = TypeAdapter(TaskCall)


class TaskCallError(BaseModel):
    """Why a call failed. Without a `status`, the same call may succeed after `retry_after` s."""

    model_config = CLOSED

    detail: str
    status: int | None = None
    retry_after: float | None = None


class TaskCallAnswer(BaseModel):
    """The answer to a call: exactly one field is set."""

    model_config = CLOSED

    effect: EffectAnswer | None = None
    artifact: ArtifactAnswer | None = None
    error: TaskCallError | None = None
