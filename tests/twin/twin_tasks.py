"""Task types of the twin tests: they fail, or wait for a file."""

import asyncio
import os
import time
from pathlib import Path

from shoal import Context, Retry, RetryAfter, task


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
def annotated(index: int, note: str) -> int:
    """Return its index; the note only makes the input longer."""
    return index if note else -1


@task
def wants(what: str, path: str) -> str:
    """Fail in one of two ways unless the file exists."""
    if Path(path).exists():
        return what
    raise KeyError("no such key") if what == "key" else ValueError("no such value")


@task
def misbehave(how: str) -> object:
    """Exit, hang or return a value that is not JSON."""
    if how == "exit":
        os._exit(3)
    if how == "hang":
        time.sleep(600)
    return object() if how == "object" else how


@task(retry=Retry(max_attempts=3, backoff=0.01))
def charge(path: str, *, ctx: Context) -> str:
    """Charge, and fail after it the first time."""

    def once() -> str:
        with Path(path).open("a") as file:
            file.write("charged\n")
        return f"in attempt {ctx.attempt}"

    receipt = ctx.effect("charge", once)
    ctx.effect("told", lambda: None)
    if ctx.attempt == 1:
        ctx.artifacts.put("first.txt", "by attempt 1")
        raise ConnectionError("the other side hung up")
    ctx.artifacts.put("second.txt", ctx.artifacts.get("first.txt") or b"")
    return receipt


@task(retry=Retry(max_attempts=2, backoff=0.01))
def busy(seconds: float, *, ctx: Context) -> float:
    """Raise RetryAfter in the first attempt; return the delay of the second."""
    first = ctx.effect("first", time.time)
    if ctx.attempt == 1:
        raise RetryAfter(seconds)
    return time.time() - first


_together = set[int]()


@task(concurrency=4)
async def crowd(*, ctx: Context) -> int:
    """Return how many tasks ran at the same time."""
    _together.add(ctx.index)
    await asyncio.sleep(0.2)
    many = len(_together)
    await asyncio.sleep(0.2)
    _together.discard(ctx.index)
    return many
