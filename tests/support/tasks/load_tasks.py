"""Task types for load: they sleep, log their execution or fail at random."""

import os
import random
import time
from pathlib import Path
from typing import Any

from shoal import Context, task


def _draw(ctx: Context, salt: str) -> float:
    """Return a number in [0, 1) that is the same for every run of this attempt."""
    seed = f"{salt}:{ctx.job_id}:{ctx.index}:{ctx.attempt}"
    return random.Random(seed).random()  # noqa: S311 - an attempt that runs again has to repeat


@task
def sleepy(least: float = 0.05, most: float = 0.2, *, ctx: Context) -> dict[str, Any]:
    """Sleep for a random time that repeats with the task."""
    seconds = least + (most - least) * _draw(ctx, "sleepy")
    time.sleep(seconds)
    return {"index": ctx.index}


@task
def flaky(probability: float = 0.05, *, ctx: Context) -> dict[str, Any]:
    """Fail at random."""
    if _draw(ctx, "flaky") < probability:
        raise RuntimeError("bad luck")
    return {"index": ctx.index}


@task
def noted(ledger: str, seconds: float = 0.1, *, ctx: Context) -> dict[str, Any]:
    """Sleep, and log the start and the end of each execution to a file."""
    _note(ledger, ctx, "begin")
    time.sleep(seconds)
    _note(ledger, ctx, "end")
    return {"epoch": ctx.epoch}


@task
def gated(ledger: str, gate: str, *, ctx: Context) -> dict[str, Any]:
    """Wait for a file, and log as `noted` does; later leases wait for another file."""
    _note(ledger, ctx, "begin")
    mine = Path(f"{gate}.{'first' if ctx.epoch == 1 else 'later'}")
    while not mine.exists():
        time.sleep(0.02)
    _note(ledger, ctx, "end")
    return {"epoch": ctx.epoch}


def _note(ledger: str, ctx: Context, what: str) -> None:
    """Append a line; a single write to a file opened for appending is atomic."""
    line = f"{ctx.job_id} {ctx.index} {ctx.attempt} {ctx.epoch} {os.getpid()} {what}\n"
    file = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(file, line.encode())
    os.close(file)
