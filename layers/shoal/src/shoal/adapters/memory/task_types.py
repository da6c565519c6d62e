"""Task types in memory."""

from __future__ import annotations

from dataclasses import replace

from shoal.adapters.mean_duration import updated_mean
from shoal.adapters.memory.restorable import Restorable
from shoal.ports.task_types import TaskType


class MemoryTypeRegistry(Restorable):
    """Task types by name."""

    def __init__(self, *task_types: TaskType) -> None:
        self._types: dict[str, TaskType] = {each.name: each for each in task_types}

    def get(self, name: str) -> TaskType | None:
        return self._types.get(name)

    def all(self) -> list[TaskType]:
        return [self._types[name] for name in sorted(self._types)]

    def register(self, task_type: TaskType) -> None:
        known = self._types.get(task_type.name)
        mean = None if known is None else known.mean_seconds
        self._types[task_type.name] = replace(task_type, mean_seconds=mean)

    def record_duration(self, name: str, seconds: float) -> None:
        known = self._types.get(name)
        if known is not None:
            mean = updated_mean(known.mean_seconds, seconds)
            self._types[name] = replace(known, mean_seconds=mean)
