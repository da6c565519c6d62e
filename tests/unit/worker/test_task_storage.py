"""Effects and artifacts of a task, also while the API is unavailable or rejects calls."""

from __future__ import annotations

from collections import deque
from typing import Any

import httpx
import pytest

from shoal.adapters.artifacts import ApiArtifacts
from shoal.adapters.effects import ApiEffects
from shoal.adapters.links import StorageLinks
from shoal.adapters.task_calls import TaskCalls
from shoal.ports.effects import KeptEffect
from shoal.sdk import Cancelled, NonRetryable
from shoal.sdk.context import TaskStorage
from shoal.wire.task_calls import TASK_CALL, EffectCall, TaskCallAnswer, TaskCallError
from shoal.wire.worker import ArtifactAnswer, Effect, EffectAnswer


class Api:
    """An API and a storage for one task, with planted faults."""

    def __init__(self) -> None:
        self.faults: deque[TaskCallError] = deque()
        self.storage_faults: deque[int] = deque()
        self.effects: dict[str, Effect] = {}
        self.objects: dict[str, bytes] = {}

    def ask(self, encoded: bytes) -> bytes:
        return self._answer(encoded).model_dump_json().encode()

    def _answer(self, encoded: bytes) -> TaskCallAnswer:
        if self.faults:
            return TaskCallAnswer(error=self.faults.popleft())
        call = TASK_CALL.validate_json(encoded)
        assert call.index == 7
        if isinstance(call, EffectCall):
            if call.effect is not None:
                self.effects.setdefault(call.key, call.effect)
            return TaskCallAnswer(effect=EffectAnswer(effect=self.effects.get(call.key)))
        known = call.size is not None or call.name in self.objects
        url = f"https://storage.invalid/{call.name}" if known else None
        return TaskCallAnswer(artifact=ArtifactAnswer(url=url, uri=f"s3://results/{call.name}"))

    def store(self, request: httpx.Request) -> httpx.Response:
        if self.storage_faults:
            return httpx.Response(self.storage_faults.popleft())
        name = request.url.path.removeprefix("/")
        if request.method == "PUT":
            self.objects[name] = request.content
        return httpx.Response(200, content=self.objects[name])


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def storage(api: Api, pauses: list[float]) -> TaskStorage:
    links = StorageLinks(httpx.Client(transport=httpx.MockTransport(api.store)))
    calls = TaskCalls(api.ask, links, 7, sleep=pauses.append)
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
            TaskCallError(detail="down"),
            TaskCallError(detail="slow down", retry_after=7.0),
            TaskCallError(detail="down"),
        ]
    )

    assert storage.effects.keep("charge", 1) == 1

    assert len(pauses) == 3
    assert pauses[1] == 7.0


def test_upload_is_retried_while_the_storage_is_unavailable(
    api: Api, storage: TaskStorage, pauses: list[float]
) -> None:
    api.storage_faults.append(503)

    assert storage.artifacts.put("model.bin", b"abc") == "s3://results/model.bin"

    assert len(pauses) == 1
    assert api.objects == {"model.bin": b"abc"}


def test_lost_lease_ends_the_task(api: Api, storage: TaskStorage) -> None:
    api.faults.append(TaskCallError(detail="another has it", status=409))

    with pytest.raises(Cancelled):
        storage.effects.keep("charge", 1)


def test_rejected_call_is_not_retried(api: Api, storage: TaskStorage) -> None:
    api.faults.append(TaskCallError(detail="too large", status=422))

    with pytest.raises(NonRetryable, match="422: too large"):
        storage.effects.keep("charge", "x")
