"""A task type that one worker of one test offers, and no other."""

from shoal import task


@task
def lonely() -> None:
    """Nothing."""
