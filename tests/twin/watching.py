"""Waiting for what a test wants to see."""

import time
from collections.abc import Callable
from typing import Any

import httpx

ENDED = frozenset(("COMPLETED", "FAILED", "CANCELLED"))

type Json = dict[str, Any]


def ended(users: httpx.Client, job_id: str) -> Json:
    """The job, once it has ended."""
    return eventually(lambda: _if_ended(users, job_id))


def _if_ended(users: httpx.Client, job_id: str) -> Json | None:
    job: Json = users.get(f"jobs/{job_id}").json()
    return job if job["status"] in ENDED else None


def eventually[T](look: Callable[[], T | None], *, seconds: float = 120) -> T:
    """What is looked for, as soon as it is there; the pause only spares the processor."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")
