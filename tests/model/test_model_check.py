import ast
from collections.abc import Callable
from pathlib import Path

import pytest

import shoal.service
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.ports.queues import TaskQueue
from shoal.ports.task_types import TypeRegistry
from shoal.ports.tenants import TenantStore
from shoal.ports.windows import WindowStore
from shoal.ports.workflow import Workflow
from tests.model import replay
from tests.model.checker import explore
from tests.model.scenarios import SCENARIOS, Scenario

LEAST = 100_000


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_state_violates_an_invariant(
    scenario: Scenario,
    visited: dict[str, int],
    record_property: Callable[[str, object], None],
) -> None:
    found = explore(scenario)
    visited[scenario.name] = found.states
    record_property("states", found.states)

    assert found.broken is None, str(found)
    assert found.rests > 0
    assert found.whole == (scenario.limit is None)


@pytest.mark.parametrize(
    ("port", "taped"),
    [
        (JobStore, replay.TapedJobs),
        (ChunkStore, replay.TapedChunks),
        (TaskQueue, replay.TapedQueue),
        (Workflow, replay.TapedWorkflow),
        (TypeRegistry, replay.TapedTypes),
        (TenantStore, replay.TapedTenants),
        (WindowStore, replay.TapedWindows),
    ],
)
def test_taped_ports_have_only_methods_of_the_port(port: type, taped: type) -> None:
    methods = {name for name in vars(taped) if not name.startswith("_")}

    assert methods <= set(dir(port))


def test_enough_states_were_visited(visited: dict[str, int]) -> None:
    if len(visited) < len(SCENARIOS):
        pytest.skip("only some of the scenarios were run")

    assert sum(visited.values()) >= LEAST


def test_no_use_case_catches_base_exceptions() -> None:
    """A BaseException stops a run before a call; a use-case must not catch it."""
    sources = [*Path(shoal.service.__path__[0]).glob("*.py")]
    caught = [
        "BaseException" if each.type is None else ast.unparse(each.type)
        for source in sources
        for each in ast.walk(ast.parse(source.read_text()))
        if isinstance(each, ast.ExceptHandler)
    ]

    assert caught
    assert not [names for names in caught if "BaseException" in names]
