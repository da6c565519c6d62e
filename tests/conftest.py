"""Distributes the tests over the processes of `pytest -n auto`, and sums up the model check.

The tests of a file stay in one process, since they share what its fixtures made. The longest files
start first, so that all processes end at about the same time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

LONGEST_FIRST: Final = (
    "tests/twin/test_console.py",
    "tests/twin/test_concurrent_submits.py",
    "tests/twin/test_privileges.py",
    "tests/chaos",
    "tests/twin",
    "tests/model",
    "tests/workflow",
    "tests/unit/worker",
    "tests/unit/cli",
    "tests/contract",
    "tests/architecture",
)
_TWIN: Final = "tests/twin/"
OWN_TWIN: Final = (
    "tests/twin/test_commands.py",
    "tests/twin/test_console.py",  # it takes minutes
    "tests/twin/test_privileges.py",
    "tests/twin/test_recorded_session.py",
    "tests/twin/test_tutorial.py",
)
"""Files that boot separate twins. The other files of the directory share one."""


def group_of(nodeid: str) -> str:
    """Returns the name of the group that the test belongs to; a group runs in one process."""
    file = nodeid.partition("::")[0]
    return _TWIN if file.startswith(_TWIN) and file not in OWN_TWIN else file


class _Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    # xdist 3.8 has --dist loadgroup for this, which does nothing with pytest 9.2.
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    config.option.loadscopereorder = False  # otherwise files with many tests start first
    return _Scheduling(config, log)


@pytest.hookimpl
def pytest_xdist_auto_num_workers() -> int:
    """Two processes more than processors: many tests spend most of their time waiting."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)  # stable: the tests of a file keep their order


def _rank(item: pytest.Item) -> int:
    found = (n for n, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
    return next(found, len(LONGEST_FIRST))


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    visited = [
        states
        for report in terminalreporter.getreports("passed")
        for name, states in report.user_properties
        if name == "states"
    ]
    if visited:
        total = f"{sum(visited):,} states of {len(visited)} scenarios"
        terminalreporter.write_line(f"model check: {total} visited")
