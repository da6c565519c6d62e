"""Task types that read and write every store of tasks."""

import time

from shoal import Context, task


@task
def nothing(a: int = 0, b: int = 0) -> None:
    """Do nothing."""


@task
def linger(seconds: float = 3) -> None:
    """Run longer than a heartbeat interval."""
    time.sleep(seconds)


@task
def echo(text: str, times: int = 1) -> str:
    """Return a text of any length."""
    return text * times


@task
def keep(*, ctx: Context) -> int:
    """Do something once, keep a file, and read it again."""
    ctx.effect("told", lambda: ctx.index)
    ctx.artifacts.put("kept.txt", f"by {ctx.index}")
    return len(ctx.artifacts.get("kept.txt") or b"")
