"""What a running task may know of itself, and what it can keep beyond its attempt."""

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
    """What a task and its worker tell each other while it runs."""

    @property
    def cancelled(self) -> bool:
        """Whether the task should end, because its job is cancelled.

        One whose lease is lost is killed without a word: another worker has it.
        """

    def progress(self, fraction: float) -> None:
        """How far the task is, 0 to 1; heartbeats carry it to whoever watches."""


class TaskEffects(Protocol):
    """Outcomes of a task's side effects. Raises Cancelled if the lease is lost."""

    def recall(self, key: str) -> KeptEffect | None:
        """What was kept under the key, by whichever attempt."""

    def keep(self, key: str, value: Any) -> Any:
        """Keep a JSON value under the key, once; what is kept then, which may be another's."""


class TaskArtifacts(Protocol):
    """Files of a task. Raises Cancelled if the lease is lost."""

    def put(self, name: str, body: bytes) -> str:
        """Store an artifact of this attempt; its URI."""

    def get(self, name: str) -> bytes | None:
        """The artifact of this name of the latest attempt that stored one."""


class TaskStorage(NamedTuple):
    """What a task keeps beyond its attempt. Every write is under the fence of its lease."""

    effects: TaskEffects
    artifacts: TaskArtifacts


class Artifacts:
    """Files of a task, up to 64 MB each; users read them by the API."""

    def __init__(self, stored: TaskArtifacts) -> None:
        self._stored = stored

    def put(self, name: str, body: bytes | str | Path) -> str:
        """Store bytes, a text or a file's content under a name; its URI, to be returned or kept."""
        if isinstance(body, Path):
            body = body.read_bytes()
        elif isinstance(body, str):
            body = body.encode()
        _check_name(name)
        if len(body) > MAX_ARTIFACT_BYTES:
            raise NonRetryable(f"artifact {name} has {len(body)} bytes, over {MAX_ARTIFACT_BYTES}")
        return self._stored.put(name, body)

    def get(self, name: str) -> bytes | None:
        """What an earlier attempt of this task, or this one, stored: a checkpoint, say."""
        _check_name(name)
        return self._stored.get(name)


def _check_name(name: str) -> None:
    if not re.fullmatch(ARTIFACT_NAME, name):
        raise NonRetryable(f"no name of an artifact: {name!r}; letters, digits and ._- make one")


def _json(key: str, value: Any) -> Any:
    """What is kept of a value; raise NonRetryable if it cannot be, for it would happen again."""
    try:
        kept = to_jsonable_python(value)
    except PydanticSerializationError as error:
        raise NonRetryable(f"effect {key!r} happened, but gave what is not JSON: {error}") from None
    if (size := len(json.dumps(kept))) > MAX_EFFECT_BYTES:
        raise NonRetryable(
            f"effect {key!r} happened, but gave {size} bytes; {MAX_EFFECT_BYTES} are kept"
        )
    return kept


class _TaskLog(logging.LoggerAdapter[logging.Logger]):
    """Adds job, task, attempt and epoch to each record."""

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        known: Mapping[str, object] = self.extra or {}
        kwargs["extra"] = {**known, **(kwargs.get("extra") or {})}
        return msg, kwargs


@dataclass(frozen=True)
class Context:
    """One attempt of one task. In a batch, that of the batch's first task."""

    job_id: str
    index: int
    attempt: int
    epoch: int
    deadline: datetime
    """When this attempt is killed, UTC."""
    _signals: Signals = field(repr=False)
    _storage: Callable[[int], TaskStorage] = field(repr=False)

    @staticmethod
    def fake(
        *, index: int = 0, attempt: int = 1, timeout: float = 300.0, cancelled: bool = False
    ) -> Context:
        """A context for unit tests of a task: what it keeps, it keeps in memory."""
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
        """The address of the task."""
        return f"{self.job_id}.{self.index}"

    @property
    def idempotency_key(self) -> str:
        """The same in every attempt: for services that take such a key with a request."""
        return self.task_id

    @property
    def remaining(self) -> float:
        """Seconds until this attempt is killed; 0 when it is over."""
        return max(0.0, (self.deadline - datetime.now(UTC)).total_seconds())

    @property
    def cancelled(self) -> bool:
        """Whether to end early. A task that looks has a few seconds' grace to clean up."""
        return self._signals.cancelled

    def progress(self, fraction: float) -> None:
        """Say how far the task is, 0 to 1, at any rate; raise Cancelled if it is to end."""
        if self._signals.cancelled:
            raise Cancelled
        self._signals.progress(min(1.0, max(0.0, fraction)))

    def track[T](self, items: Iterable[T], total: int | None = None) -> Iterator[T]:
        """The items, with progress as they are taken; raises Cancelled between two of them.

        `total` is how many there are, if they have no length.
        """
        if total is None and isinstance(items, Sized):
            total = len(items)
        for done, item in enumerate(items):
            self.progress(done / total if total else 0.0)
            yield item
        self.progress(1.0)

    def effect[T: JSON](self, key: str, make: Callable[[], T]) -> T:
        """Do something to the outside once: send the mail, charge the card.

        What `make` returns, as JSON, is kept under the key and given back. A later attempt gets it
        again, in place of another call. If the worker dies after `make` and before its value is
        kept, `make` is called again: give the outside `idempotency_key` where it takes one.
        """
        if not 1 <= len(key) <= MAX_EFFECT_KEY:
            raise NonRetryable(f"the key of an effect has 1 to {MAX_EFFECT_KEY} characters")
        effects = self._storage(self.index).effects
        kept = effects.recall(key)
        value: Any = kept.value if kept is not None else effects.keep(key, _json(key, make()))
        return cast("T", value)

    @cached_property
    def artifacts(self) -> Artifacts:
        """Files of this task."""
        return Artifacts(self._storage(self.index).artifacts)

    @cached_property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose lines carry job, task, attempt and epoch."""
        known = {
            "job": self.job_id,
            "task": self.task_id,
            "attempt": self.attempt,
            "epoch": self.epoch,
        }
        return _TaskLog(logging.getLogger("shoal.task"), known)


class _MemorySignals:
    def __init__(self, cancelled: bool) -> None:  # noqa: FBT001 - its one field
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
