"""Return values of a task's side effects, stored by the API."""

from __future__ import annotations

from typing import Any

from shoal.adapters.task_calls import TaskCalls
from shoal.ports.effects import KeptEffect
from shoal.wire.worker import Effect


class ApiEffects:
    """Implements the SDK's port `TaskEffects` for one task under one lease."""

    def __init__(self, calls: TaskCalls) -> None:
        self._calls = calls

    def recall(self, key: str) -> KeptEffect | None:
        kept = self._effect(key, None)
        return None if kept is None else KeptEffect(kept.value)

    def keep(self, key: str, value: Any) -> Any:
        kept = self._effect(key, Effect(value=value))
        return value if kept is None else kept.value

    def _effect(self, key: str, effect: Effect | None) -> Effect | None:
        return self._calls.retried(lambda: self._calls.effect(key, effect))
