"""Calls that a task makes while it runs, from its child process.

Its worker makes them to the API, because a child process has no credentials. Only the content of
artifacts goes directly to the storage, through links that are valid for one artifact.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from shoal.sdk.errors import LeaseLost, NonRetryable
from shoal.wire.task_calls import ArtifactCall, EffectCall, TaskCallAnswer
from shoal.wire.worker import ArtifactAnswer, Effect, RemoteRejected, RemoteUnavailable

if TYPE_CHECKING:
    from shoal.adapters.links import StorageLinks

_CONFLICT: Final = 409
_LONGEST_PAUSE: Final = 5.0


class TaskCalls:
    """The calls of one task. `ask` sends an encoded call to the worker and returns the answer.

    Calls are repeated while the API is unavailable; the worker ends the task at its timeout.
    """

    def __init__(
        self,
        ask: Callable[[bytes], bytes],
        links: StorageLinks,
        index: int,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.links = links
        self._ask = ask
        self._index = index
        self._sleep = sleep

    def effect(self, key: str, effect: Effect | None) -> Effect | None:
        """Return the stored effect of a key, after storing `effect` unless one is stored."""
        answer = self._answer(EffectCall(index=self._index, key=key, effect=effect)).effect
        return None if answer is None else answer.effect

    def artifact(self, name: str, size: int | None) -> ArtifactAnswer:
        """Return a link to upload an artifact of this size, or to download it without one."""
        answer = self._answer(ArtifactCall(index=self._index, name=name, size=size)).artifact
        return answer or ArtifactAnswer(url=None)

    def _answer(self, call: EffectCall | ArtifactCall) -> TaskCallAnswer:
        answer = TaskCallAnswer.model_validate_json(self._ask(call.model_dump_json().encode()))
        if (error := answer.error) is None:
            return answer
        if error.status is None:
            raise RemoteUnavailable(error.detail, error.retry_after)
        raise RemoteRejected(error.status, error.detail)

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
