"""Which tasks a worker offers: those of modules that it is told, and of installed packages."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any, Final

from shoal.sdk.errors import DuplicateTask, NotATask
from shoal.sdk.task import Task

GROUP: Final = "shoal.tasks"
"""The entry points of this group name modules with tasks, or single tasks."""


def discover(modules: Iterable[str]) -> dict[str, Task[..., Any]]:
    """Import the modules and the entry points, and collect their tasks by name.

    Raises DuplicateTask if two share a name, and NotATask for an entry point without any.
    """
    found: dict[str, Task[..., Any]] = {}
    for module in modules:
        _add(found, vars(importlib.import_module(module)).values(), module)
    for entry in entry_points(group=GROUP):
        loaded = entry.load()
        values = [loaded] if isinstance(loaded, Task) else getattr(loaded, "__dict__", {}).values()
        if not any(isinstance(value, Task) for value in values):
            raise NotATask(f"entry point {entry.name} of {GROUP}: {entry.value} holds no task")
        _add(found, values, entry.value)
    return found


def _add(found: dict[str, Task[..., Any]], values: Iterable[object], place: str) -> None:
    for value in values:
        if not isinstance(value, Task):
            continue
        if value.shadows or found.setdefault(value.name, value) is not value:
            raise DuplicateTask(f"two tasks are named {value.name!r}, one in {place}")
