"""Where task types are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shoal.domain.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class TaskType:
    """A function of the worker image; `schema` is the JSON Schema of its input.

    `timeout` and `retry` are its jobs' if they name none; `image` and `digest` tell which code.
    """

    name: str
    schema: Mapping[str, Any]
    timeout: float | None = None
    description: str = ""
    retry: RetryPolicy | None = None
    batch: int | None = None
    image: str = ""
    digest: str = ""
    mean_seconds: float | None = None


class TypeRegistry(Protocol):
    """The task types that workers have registered."""

    def get(self, name: str) -> TaskType | None:
        """The task type of this name; may be a minute old."""

    def all(self) -> list[TaskType]:
        """All of them, by name."""

    def register(self, task_type: TaskType) -> None:
        """Write all that a worker says of it; what was measured stays."""

    def record_duration(self, name: str, seconds: float) -> None:
        """Note how long a task of this type takes."""
