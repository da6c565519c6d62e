"""Task types that tests here need: some fail, some wait for a file."""

import os
import time
from pathlib import Path

from shoal import Context, task


@task
def fail_below(attempts: int, index: int | None = None, *, ctx: Context) -> int:
    """Fail in the attempts below; of one index only, if it is named."""
    if ctx.attempt < attempts and index in (None, ctx.index):
        raise ValueError(f"attempt {ctx.attempt}")
    return ctx.attempt


@task
def exists(path: str) -> bool:
    """Wait until the file exists."""
    while not Path(path).exists():
        time.sleep(0.05)
    return True


@task
def needs(path: str) -> str:
    """Fail unless the file exists."""
    if not Path(path).exists():
        raise FileNotFoundError(path)
    return "found"


@task
def misbehave(how: str) -> object:
    """Exit, hang or return what is not JSON."""
    if how == "exit":
        os._exit(3)
    if how == "hang":
        time.sleep(600)
    return object() if how == "object" else how
