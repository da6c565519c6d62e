"""The storage of a task in its child process. A child imports this at the first use by a task."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import httpx

from shoal.adapters.artifacts import ApiArtifacts
from shoal.adapters.effects import ApiEffects
from shoal.adapters.links import StorageLinks
from shoal.adapters.task_calls import TaskCalls
from shoal.sdk.context import TaskStorage


def task_storage(ask: Callable[[bytes], bytes], index: int) -> TaskStorage:
    """Return the effects and artifacts of a task; `ask` sends a call to its worker."""
    calls = TaskCalls(ask, _links(), index)
    return TaskStorage(ApiEffects(calls), ApiArtifacts(calls))


@cache
def _links() -> StorageLinks:
    return StorageLinks(httpx.Client(timeout=httpx.Timeout(120.0, connect=5.0)))
