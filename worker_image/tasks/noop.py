"""A task that does nothing."""

from typing import Any

from shoal import task


@task
def noop(**given: Any) -> dict[str, Any]:
    """Return the input."""
    return given
