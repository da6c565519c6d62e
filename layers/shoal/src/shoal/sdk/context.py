"""The context of a running task: its identity, its progress, its effects and artifacts."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sized
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from pydantic_core import PydanticSerializationError, to_jsonable_python

from shoal.ports.effects import MAX_EFFECT_BYTES, KeptEffect
from shoal.sdk.errors import Cancelled, NonRetryable
from shoal.wire.worker import ARTIFACT_NAME, MAX_ARTIFACT_BYTES, MAX_EFFECT_KEY

type JSON = bool | int | float | str | list[Any] | Mapping[str, Any] | None


class Signals(Protocol):
    """The signals between a running task and its worker."""

    @property
    def cancelled(self) -> bool:
        """Whether the job of the task is cancelled.

        A task whose lease is lost is killed without a signal, because another worker runs it.
        """

    def progress(self, fraction: float) -> None:
        """Sets the progress of the task, 0 to 1. Heartbeats send it to the API."""


class TaskEffects(Protocol):
    """Stores the return values of side effects. Raises LeaseLost if the lease is lost."""

    def recall(self, key: str) -> KeptEffect | None:
        """Returns the value that any attempt stored under the key."""

    def keep(self, key: str, value: Any) -> Any:
        """Stores a JSON value under the key unless there is one. Returns the stored value."""


class TaskArtifacts(Protocol):
    """Stores files of a task. Raises LeaseLost if the lease is lost."""

    def put(self, name: str, body: bytes) -> str:
        """Stores an artifact of this attempt. Returns its URI."""

    def get(self, name: str) -> bytes | None:
        """Returns the artifact of the latest attempt that stored one under this name."""


class TaskStorage(NamedTuple):
    """Stores effects and artifacts of a task. The lease of the chunk fences every write."""

    effects: TaskEffects
    artifacts: TaskArtifacts


class Artifacts:
    """Files of a task, up to 64 MB each. Users download them through the API."""

    def __init__(self, stored: TaskArtifacts) -> None:
        self._stored = stored

    def put(self, name: str, body: bytes | str | Path) -> str:
        """Stores bytes, a string or the content of a file under a name. Returns its URI."""
        if isinstance(body, Path):
            body = body.read_bytes()
        elif isinstance(body, str):
            body = body.encode()
        _check_name(name)
        if len(body) > MAX_ARTIFACT_BYTES:
            raise NonRetryable(
                f"artifact {name} has {len(body)} bytes; the maximum is {MAX_ARTIFACT_BYTES}"
            )
        return self._stored.put(name, body)

    def get(self, name: str) -> bytes | None:
        """Returns what this or an earlier attempt of the task stored, such as a checkpoint."""
        _check_name(name)
        return self._stored.get(name)


def _check_name(name: str) -> None:
    if not re.fullmatch(ARTIFACT_NAME, name):
        raise NonRetryable(
            f"invalid artifact name: {name!r}; use up to 200 letters, digits, dots, hyphens and"
            " underscores, and begin with a letter or digit"
        )


def _json(key: str, value: Any) -> Any:
    """Returns a value as JSON. Raises NonRetryable if it is invalid: a retry would repeat the
    effect.
    """
    try:
        encoded = to_jsonable_python(value)
    except PydanticSerializationError as error:
        raise NonRetryable(
            f"effect {key!r} was executed, but its return value cannot be encoded as JSON: {error}"
        ) from None
    if (size := len(json.dumps(encoded))) > MAX_EFFECT_BYTES:
        raise NonRetryable(
            f"effect {key!r} was executed, but its return value has {size} bytes; the maximum is"
            f" {MAX_EFFECT_BYTES}"
        )
    return encoded


class _TaskLog(logging.LoggerAdapter[logging.Logger]):
    """Adds the fields `job`, `task`, `attempt` and `epoch` to each record."""

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        fields: Mapping[str, object] = self.extra or {}
        kwargs["extra"] = {**fields, **(kwargs.get("extra") or {})}
        return msg, kwargs


@dataclass(frozen=True)
class Context:
    """The context of one attempt of a task. A batch receives the context of its first task."""

    job_id: str
    index: int
    attempt: int
    epoch: int
    deadline: datetime
    """The time at which the worker kills this attempt, UTC."""
    _signals: Signals = field(repr=False)
    _storage: Callable[[int], TaskStorage] = field(repr=False)

    @staticmethod
    def fake(
        *, index: int = 0, attempt: int = 1, timeout: float = 300.0, cancelled: bool = False
    ) -> Context:
        """Returns a context for unit tests. It stores effects and artifacts in memory."""
        storage = TaskStorage(_MemoryEffects(), _MemoryArtifacts())
        return Context(
            job_id="job_" + "0" * 26,
            index=index,
            attempt=attempt,
            epoch=1,
            deadline=datetime.now(UTC) + timedelta(seconds=timeout),
            _signals=_MemorySignals(cancelled),
            _storage=lambda _: storage,
        )

    @property
    def task_id(self) -> str:
        """The id of the task, `{job_id}.{index}`."""
        return f"{self.job_id}.{self.index}"

    @property
    def idempotency_key(self) -> str:
        """A key that is the same in every attempt, for services that accept idempotency keys."""
        return self.task_id

    @property
    def remaining(self) -> float:
        """Seconds until the deadline of this attempt; 0 after it."""
        return max(0.0, (self.deadline - datetime.now(UTC)).total_seconds())

    @property
    def cancelled(self) -> bool:
        """Whether the job is cancelled. The task then has a few seconds to clean up."""
        return self._signals.cancelled

    def progress(self, fraction: float) -> None:
        """Sets the progress, 0 to 1. You may call it at any rate. Raises Cancelled on a cancel."""
        if self._signals.cancelled:
            raise Cancelled
        self._signals.progress(min(1.0, max(0.0, fraction)))

    def track[T](self, items: Iterable[T], total: int | None = None) -> Iterator[T]:
        """Yields the items and updates the progress. Raises Cancelled on a cancel.

        `total` is the number of items, if they have no length.
        """
        if total is None and isinstance(items, Sized):
            total = len(items)
        for done, item in enumerate(items):
            self.progress(done / total if total else 0.0)
            yield item
        self.progress(1.0)

    def effect[T: JSON](self, key: str, make: Callable[[], T]) -> T:
        """Executes a side effect once, such as sending a mail or charging a card.

        Stores the return value of `make` as JSON under the key and returns it. Later attempts
        return the stored value and do not call `make`. If the worker dies after `make` and before
        the value is stored, a later attempt calls `make` again, so pass `idempotency_key` to the
        external service if it accepts one.
        """
        if not 1 <= len(key) <= MAX_EFFECT_KEY:
            raise NonRetryable(f"invalid effect key: it must have 1 to {MAX_EFFECT_KEY} characters")
        effects = self._storage(self.index).effects
        stored = effects.recall(key)
        value: Any = stored.value if stored is not None else effects.keep(key, _json(key, make()))
        return cast("T", value)

    @cached_property
    def artifacts(self) -> Artifacts:
        """The artifacts of this task."""
        return Artifacts(self._storage(self.index).artifacts)

    @cached_property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger that adds job, task, attempt and epoch to each line."""
        fields = {
            "job": self.job_id,
            "task": self.task_id,
            "attempt": self.attempt,
            "epoch": self.epoch,
        }
        return _TaskLog(logging.getLogger("shoal.task"), fields)


class _MemorySignals:
    def __init__(self, cancelled: bool) -> None:  # noqa: FBT001 - the only field
        self.cancelled = cancelled

    def progress(self, fraction: float) -> None:
        del fraction


class _MemoryEffects:
    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def recall(self, key: str) -> KeptEffect | None:
        return KeptEffect(self._kept[key]) if key in self._kept else None

    def keep(self, key: str, value: Any) -> Any:
        return self._kept.setdefault(key, value)


class _MemoryArtifacts:
    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def put(self, name: str, body: bytes) -> str:
        self._files[name] = body
        return f"memory://{name}"

    def get(self, name: str) -> bytes | None:
        return self._files.get(name)
