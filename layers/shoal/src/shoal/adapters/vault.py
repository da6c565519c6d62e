"""What a task keeps beyond its attempt, by the API. Runs in the child process of the task."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from shoal.sdk.context import Kept
from shoal.sdk.errors import LeaseLost, NonRetryable
from shoal.wire.worker import (
    ArtifactRequest,
    Effect,
    EffectRequest,
    RemoteRejected,
    RemoteUnavailable,
)

if TYPE_CHECKING:
    from shoal.adapters.callbacks import SignedCallbacks

_CONFLICT: Final = 409
_LONGEST_PAUSE: Final = 5.0


class ApiVault:
    """Fills the SDK's port `Vault` for one task under one lease.

    While the API is away it goes on asking: the worker ends the task at its timeout.
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
        self._api = api
        self._task = {
            "worker": worker,
            "job_id": job_id,
            "chunk": chunk,
            "epoch": epoch,
            "index": index,
        }
        self._sleep = sleep

    def recall(self, key: str) -> Kept | None:
        return _kept(self._effect(key, None))

    def keep(self, key: str, value: Any) -> Any:
        kept = _kept(self._effect(key, Effect(value=value)))
        return value if kept is None else kept.value

    def put(self, name: str, body: bytes) -> str:
        def send() -> str:
            place = self._api.artifact(self._artifact(name, len(body)))
            if place.url is None or place.uri is None:
                raise RemoteRejected(200, "the answer has no place for the artifact")
            self._api.upload(place.url, place.headers, body)
            return place.uri

        return self._patiently(send)

    def get(self, name: str) -> bytes | None:
        def fetch() -> bytes | None:
            url = self._api.artifact(self._artifact(name, None)).url
            return None if url is None else self._api.download(url, {})

        return self._patiently(fetch)

    def _effect(self, key: str, effect: Effect | None) -> Effect | None:
        request = EffectRequest.model_validate({**self._task, "key": key, "effect": effect})
        return self._patiently(lambda: self._api.effect(request).effect)

    def _artifact(self, name: str, size: int | None) -> ArtifactRequest:
        return ArtifactRequest.model_validate({**self._task, "name": name, "size": size})

    def _patiently[R](self, call: Callable[[], R]) -> R:
        pause = 0.2
        while True:
            try:
                return call()
            except RemoteUnavailable as away:
                self._sleep(max(away.retry_after or 0.0, random.uniform(0, pause)))  # noqa: S311
                pause = min(2 * pause, _LONGEST_PAUSE)
            except RemoteRejected as refused:
                if refused.status == _CONFLICT:
                    raise LeaseLost("the lease is lost") from refused
                raise NonRetryable(str(refused)) from refused


def _kept(effect: Effect | None) -> Kept | None:
    return None if effect is None else Kept(effect.value)
