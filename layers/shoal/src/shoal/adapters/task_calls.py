"""Calls that a task makes to the API while it runs, in its child process, under its lease."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from shoal.sdk.errors import LeaseLost, NonRetryable
from shoal.wire.worker import RemoteRejected, RemoteUnavailable

if TYPE_CHECKING:
    from shoal.adapters.callbacks import SignedCallbacks

_CONFLICT: Final = 409
_LONGEST_PAUSE: Final = 5.0


class TaskCalls:
    """The API, and the fields that identify the task in each request.

    Calls are repeated while the API is unavailable; the worker ends the task at its timeout.
    """

    def __init__(
        self,
        api: SignedCallbacks,
        worker: str,
        *,
        job_id: str,
        chunk: int,
        epoch: int,
        index: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.api = api
        self.task: Mapping[str, Any] = {
            "worker": worker,
            "job_id": job_id,
            "chunk": chunk,
            "epoch": epoch,
            "index": index,
        }
        self._sleep = sleep

    def retried[R](self, call: Callable[[], R]) -> R:
        """Return the result of the call; raise LeaseLost or NonRetryable if the API rejects it."""
        pause = 0.2
        while True:
            try:
                return call()
            except RemoteUnavailable as unavailable:
                wait = max(unavailable.retry_after or 0.0, random.uniform(0, pause))  # noqa: S311
                self._sleep(wait)
                pause = min(2 * pause, _LONGEST_PAUSE)
            except RemoteRejected as rejected:
                if rejected.status == _CONFLICT:
                    raise LeaseLost("the lease is lost") from rejected
                raise NonRetryable(str(rejected)) from rejected
