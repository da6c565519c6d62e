"""The settings of a worker, read from the environment once."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

QUEUES = ("high", "normal", "low")


class MissingSetting(Exception):  # noqa: N818 - says what is wrong
    """A variable that the worker needs is not set, or is not what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """`queue_urls` by priority; `lease_seconds` must be the deployment's."""

    api_url: str
    queue_urls: Mapping[str, str]
    task_modules: tuple[str, ...]
    region: str
    worker_id: str
    slots: int
    lease_seconds: float = 60.0
    grace_seconds: float = 25.0
    log_level: str = "INFO"

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> WorkerSettings:  # noqa: TID251 - read here only
        """Read them; raise MissingSetting with the name of the variable that is wrong."""
        read = _Reader(environment)
        urls = {
            name: url
            for name in QUEUES
            if (url := environment.get(f"SHOAL_QUEUE_{name.upper()}_URL"))
        }
        if not urls:
            raise MissingSetting("set SHOAL_QUEUE_NORMAL_URL (and _HIGH_ and _LOW_)")
        modules = read.text("SHOAL_TASKS").split(",")
        return WorkerSettings(
            api_url=read.text("SHOAL_API_URL"),
            queue_urls=urls,
            task_modules=tuple(name.strip() for name in modules if name.strip()),
            region=read.text("AWS_REGION"),
            worker_id=read.text("SHOAL_WORKER_ID", f"{socket.gethostname()[:100]}-{os.getpid()}"),
            slots=int(read.number("SHOAL_SLOTS", os.process_cpu_count() or 1)),
            lease_seconds=read.number("SHOAL_LEASE_SECONDS", 60.0),
            grace_seconds=read.number("SHOAL_GRACE_SECONDS", 25.0),
            log_level=read.text("SHOAL_LOG_LEVEL", "INFO"),
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    environment: Mapping[str, str] = field(repr=False)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.environment.get(name) or default
        if value is None:
            raise MissingSetting(f"{name} is not set")
        return value

    def number(self, name: str, default: float) -> float:
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            raise MissingSetting(f"{name} is {text!r}, not a number") from None
        if value <= 0:
            raise MissingSetting(f"{name} is {text}, it must be above 0")
        return value
