import pytest

from tests.model.checker import explore
from tests.model.scenarios import SCENARIOS, Scenario

LEAST = 100_000


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_state_breaks_a_law(scenario: Scenario, visited: dict[str, int]) -> None:
    found = explore(scenario)
    visited[scenario.name] = found.states

    assert found.broken is None, str(found)
    assert found.rests > 0
    assert found.whole == (scenario.limit is None)


def test_enough_states_were_visited(visited: dict[str, int]) -> None:
    if len(visited) < len(SCENARIOS):
        pytest.skip("only some of the scenarios were run")

    assert sum(visited.values()) >= LEAST
