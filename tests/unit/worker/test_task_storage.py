"""Effects and artifacts of a task, also while the API is unavailable or rejects calls."""

from __future__ import annotations

from collections import deque
from typing import Any, cast

import pytest

from shoal.adapters.artifacts import ApiArtifacts
from shoal.adapters.callbacks import SignedCallbacks
from shoal.adapters.effects import ApiEffects
from shoal.adapters.task_calls import TaskCalls
from shoal.ports.effects import KeptEffect
from shoal.sdk import Cancelled, NonRetryable
from shoal.sdk.context import TaskStorage
from shoal.wire.worker import (
    ArtifactAnswer,
    ArtifactRequest,
    Effect,
    EffectAnswer,
    EffectRequest,
    RemoteRejected,
    RemoteUnavailable,
)
from tests.unit.worker.worker_fakes import JOB


class Api:
    """An API that stores effects and artifacts of one task, with planted faults."""

    def __init__(self) -> None:
        self.faults: deque[Exception] = deque()
        self.effects: dict[str, Effect] = {}
        self.objects: dict[str, bytes] = {}

    def effect(self, request: EffectRequest) -> EffectAnswer:
        self._fail()
        if request.effect is not None:
            self.effects.setdefault(request.key, request.effect)
        return EffectAnswer(effect=self.effects.get(request.key))

    def artifact(self, request: ArtifactRequest) -> ArtifactAnswer:
        self._fail()
        known = request.size is not None or request.name in self.objects
        uri = f"s3://results/{request.name}"
        return ArtifactAnswer(url=request.name if known else None, uri=uri)

    def upload(self, url: str, headers: dict[str, str], body: bytes) -> None:
        assert headers == {}
        self._fail()
        self.objects[url] = body

    def download(self, url: str, headers: dict[str, str]) -> bytes:
        assert headers == {}
        self._fail()
        return self.objects[url]

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.popleft()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def storage(api: Api, pauses: list[float]) -> TaskStorage:
    callbacks = cast("SignedCallbacks", api)
    calls = TaskCalls(callbacks, "w-1", job_id=JOB, chunk=0, epoch=1, index=0, sleep=pauses.append)
    return TaskStorage(ApiEffects(calls), ApiArtifacts(calls))


@pytest.mark.parametrize("value", [{"receipt": 7}, None])
def test_stored_effect_is_recalled(storage: TaskStorage, value: Any) -> None:
    assert storage.effects.recall("charge") is None

    assert storage.effects.keep("charge", value) == value

    assert storage.effects.recall("charge") == KeptEffect(value)


def test_first_stored_effect_wins(api: Api, storage: TaskStorage) -> None:
    api.effects["charge"] = Effect(value="first")

    assert storage.effects.keep("charge", "second") == "first"


def test_artifact_is_returned_unchanged(storage: TaskStorage) -> None:
    assert storage.artifacts.get("model.bin") is None

    assert storage.artifacts.put("model.bin", b"abc") == "s3://results/model.bin"

    assert storage.artifacts.get("model.bin") == b"abc"


def test_calls_are_retried_while_the_api_is_unavailable(
    api: Api, storage: TaskStorage, pauses: list[float]
) -> None:
    api.faults.extend(
        [
            RemoteUnavailable("down"),
            RemoteUnavailable("slow down", retry_after=7.0),
            RemoteUnavailable("down"),
        ]
    )

    assert storage.effects.keep("charge", 1) == 1

    assert len(pauses) == 3
    assert pauses[1] == 7.0


def test_lost_lease_ends_the_task(api: Api, storage: TaskStorage) -> None:
    api.faults.append(RemoteRejected(409, "another has it"))

    with pytest.raises(Cancelled):
        storage.effects.keep("charge", 1)


def test_rejected_call_is_not_retried(api: Api, storage: TaskStorage) -> None:
    api.faults.append(RemoteRejected(422, "too large"))

    with pytest.raises(NonRetryable, match="too large"):
        storage.effects.keep("charge", "x")
