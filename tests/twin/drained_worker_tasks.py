"""A task type that only one worker of one test offers."""

from shoal import task


@task
def leaving() -> None:
    """Do nothing."""
