"""What a running task may know of itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any


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
    """One attempt of one task."""

    job_id: str
    index: int
    attempt: int
    epoch: int

    @staticmethod
    def fake() -> Context:
        """A context for unit tests of a task."""
        return Context(job_id="job_" + "0" * 26, index=0, attempt=1, epoch=1)

    @property
    def task_id(self) -> str:
        """The address of the task."""
        return f"{self.job_id}.{self.index}"

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
