"""Polls until a condition is true."""

import time
from collections.abc import Callable
from typing import Any

import httpx

ENDED = frozenset(("COMPLETED", "FAILED", "CANCELLED"))

type Json = dict[str, Any]


def ended(users: httpx.Client, job_id: str) -> Json:
    """Wait until the job has ended, and return it."""
    return eventually(lambda: _if_ended(users, job_id))


def _if_ended(users: httpx.Client, job_id: str) -> Json | None:
    job: Json = users.get(f"jobs/{job_id}").json()
    return job if job["status"] in ENDED else None


def results(users: httpx.Client, job: Json) -> dict[int, Any]:
    """Return the results of completed tasks, by index."""
    found: dict[int, Any] = {}
    query: dict[str, str] = {}
    while True:
        page = users.get(f"jobs/{job['id']}/results", params=query).json()
        found |= {item["index"]: item["result"] for item in page["items"]}
        if page["next_token"] is None:
            return found
        query = {"next_token": page["next_token"]}


def eventually[T](look: Callable[[], T | None], *, seconds: float = 120) -> T:
    """Poll until a value is found, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")
