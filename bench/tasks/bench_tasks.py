"""Task types of bench and chaos: one sleeps, one fails by a draw of each attempt."""

import random
import time
from typing import Any

from shoal import Context, task


def _draw(ctx: Context, salt: str) -> float:
    """Uniform in [0, 1), the same whenever this attempt of this task runs."""
    seed = f"{salt}:{ctx.job_id}:{ctx.index}:{ctx.attempt}"
    return random.Random(seed).random()  # noqa: S311 - an attempt that runs again has to repeat


@task
def sleepy(least: float = 0.05, most: float = 0.2, *, ctx: Context) -> dict[str, Any]:
    """Sleep a seeded while."""
    seconds = least + (most - least) * _draw(ctx, "sleepy")
    time.sleep(seconds)
    return {"index": ctx.index}


@task
def flaky(probability: float = 0.05, *, ctx: Context) -> dict[str, Any]:
    """Fail by chance."""
    if _draw(ctx, "flaky") < probability:
        raise RuntimeError("bad luck")
    return {"index": ctx.index}
