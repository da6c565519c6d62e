"""Says at the end of a run how much of the protocol was searched."""

import pytest

VISITED: dict[str, int] = {}


@pytest.fixture(scope="session")
def visited() -> dict[str, int]:
    return VISITED


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if VISITED:
        total = f"{sum(VISITED.values()):,} states of {len(VISITED)} scenarios"
        terminalreporter.write_line(f"model check: {total} visited")
