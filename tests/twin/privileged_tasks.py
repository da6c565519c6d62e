"""Task types by which every place that tasks are read from or written to is used."""

import time

from shoal import Context, task


@task
def nothing(a: int = 0, b: int = 0) -> None:
    """Do nothing."""


@task
def linger(seconds: float = 3) -> None:
    """Outlast a heartbeat."""
    time.sleep(seconds)


@task
def echo(text: str, times: int = 1) -> str:
    """Give back a text of any length."""
    return text * times


@task
def keep(*, ctx: Context) -> int:
    """Do something once, keep a file, and read it again."""
    ctx.effect("told", lambda: ctx.index)
    ctx.artifacts.put("kept.txt", f"by {ctx.index}")
    return len(ctx.artifacts.get("kept.txt") or b"")
