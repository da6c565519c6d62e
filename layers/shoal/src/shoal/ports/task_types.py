"""Storage of task types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shoal.domain.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class TaskType:
    """A function of the worker image; `schema` is the JSON Schema of its input.

    `timeout` and `retry` are defaults of its jobs; `image` and `digest` identify the code.
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
    """The registered task types."""

    def get(self, name: str) -> TaskType | None:
        """Return the task type with this name; may be a minute old."""

    def all(self) -> list[TaskType]:
        """Return all task types, by name."""

    def register(self, task_type: TaskType) -> None:
        """Write the registration of a task type; the measured duration stays."""

    def record_duration(self, name: str, seconds: float) -> None:
        """Record the duration of a task of this type."""
