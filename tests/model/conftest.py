"""Counts how much of the protocol was searched."""

import pytest


@pytest.fixture(scope="session")
def visited() -> dict[str, int]:
    """How many states of each scenario were visited."""
    return {}
