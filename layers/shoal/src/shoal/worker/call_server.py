"""Makes the API calls of tasks for their child processes, which have no credentials.

A call names its index and content. Job, chunk and epoch are those that the worker has assigned to
the child, whatever the child sends. The worker adds the token of the lease, which no child has. The
child repeats a call that failed, so that no thread of the worker waits for an API that is
unavailable.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from shoal.wire.task_calls import (
    MAX_CALL_BYTES,
    TASK_CALL,
    EffectCall,
    TaskCallAnswer,
    TaskCallError,
)
from shoal.wire.worker import (
    ArtifactRequest,
    EffectRequest,
    RemoteRejected,
    RemoteUnavailable,
)
from shoal.worker import framing
from shoal.worker.assignment import Assignment
from shoal.worker.ports import TaskCallbacks
from shoal.worker.worker_context import ApiVersion

_LOG = logging.getLogger("shoal.worker")
_INVALID: Final = 422
_CONFLICT: Final = 409


@dataclass(frozen=True, slots=True)
class TaskLease:
    """The tasks that a child runs, and the token of their lease if it has one."""

    assignment: Assignment
    token: str | None = field(repr=False)


class CallServer:
    """Answers calls in separate threads. Each child makes one call at a time."""

    def __init__(
        self, callbacks: TaskCallbacks, worker: str, threads: int, api_version: ApiVersion
    ) -> None:
        self._callbacks = callbacks
        self._worker = worker
        self._api_version = api_version
        self._threads = ThreadPoolExecutor(threads, "shoal-calls")

    def serve(self, call: socket.socket, lease: TaskLease | None, then: Callable[[], None]) -> None:
        """Receives a call on the socket, answers it, and closes the socket, in another thread.

        Calls `then` after the answer, unless the child has ended or sends something else.
        """
        self._threads.submit(self._serve, call, lease, then)

    def close(self) -> None:
        """Makes no further calls."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _serve(
        self, call: socket.socket, lease: TaskLease | None, then: Callable[[], None]
    ) -> None:
        with call:
            try:
                encoded = framing.receive(call, MAX_CALL_BYTES)
                framing.send(call, self._answer(encoded, lease).model_dump_json().encode())
            except BaseException as error:  # noqa: BLE001 - logged; the child must not wait
                with contextlib.suppress(OSError):
                    call.shutdown(socket.SHUT_RDWR)
                if not isinstance(error, (OSError, EOFError)):  # not the end of the child
                    _LOG.error("the call of a task failed", exc_info=True)
                return
        then()

    def _answer(self, encoded: bytes, lease: TaskLease | None) -> TaskCallAnswer:
        try:
            return self._called(encoded, lease)
        except RemoteUnavailable as error:
            failure = TaskCallError(detail=str(error), retry_after=error.retry_after)
        except RemoteRejected as error:
            failure = TaskCallError(detail=error.detail, status=error.status)
        except ValidationError as error:
            failure = TaskCallError(detail=_problems(error), status=_INVALID)
        return TaskCallAnswer(error=failure)

    def _called(self, encoded: bytes, lease: TaskLease | None) -> TaskCallAnswer:
        call = TASK_CALL.validate_json(encoded)
        if lease is None or all(call.index != task[0] for task in lease.assignment.tasks):
            raise RemoteRejected(_CONFLICT, f"this process does not run a task {call.index}")
        task: dict[str, Any] = {
            "worker": self._worker,
            "job_id": lease.assignment.job_id,
            "chunk": lease.assignment.chunk,
            "epoch": lease.assignment.epoch,
            "token": self._api_version.token(lease.token),
            "index": call.index,
        }
        if isinstance(call, EffectCall):
            effect = EffectRequest.model_validate({**task, "key": call.key, "effect": call.effect})
            return TaskCallAnswer(effect=self._callbacks.effect(effect))
        artifact = ArtifactRequest.model_validate({**task, "name": call.name, "size": call.size})
        return TaskCallAnswer(artifact=self._callbacks.artifact(artifact))


def _problems(invalid: ValidationError) -> str:
    errors = invalid.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors[:5])
