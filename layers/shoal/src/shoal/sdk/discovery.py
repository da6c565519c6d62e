"""Finds the tasks of a worker in configured modules and in installed packages."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any, Final

from shoal.sdk.errors import DuplicateTask, NotATask
from shoal.sdk.task import Task

GROUP: Final = "shoal.tasks"
"""The group of entry points that refer to modules with tasks or to single tasks."""


def discover(modules: Iterable[str]) -> dict[str, Task[..., Any]]:
    """Imports the modules and the entry points, and returns their tasks by name.

    Raises DuplicateTask if two tasks have the same name, and NotATask for an entry point without
    tasks.
    """
    found: dict[str, Task[..., Any]] = {}
    for module in modules:
        _add(found, vars(importlib.import_module(module)).values(), module)
    for entry in entry_points(group=GROUP):
        loaded = entry.load()
        values = [loaded] if isinstance(loaded, Task) else getattr(loaded, "__dict__", {}).values()
        if not any(isinstance(value, Task) for value in values):
            raise NotATask(f"entry point {entry.name} of {GROUP}: {entry.value} contains no task")
        _add(found, values, entry.value)
    return found


def _add(found: dict[str, Task[..., Any]], values: Iterable[object], source: str) -> None:
    for value in values:
        if not isinstance(value, Task):
            continue
        if value.shadows or found.setdefault(value.name, value) is not value:
            raise DuplicateTask(f"duplicate task name {value.name!r} in {source}")
