"""Arq. Run as `arq bench.peers.arq_redis.Settings`. As a module, sends tasks."""

import asyncio
import sys
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings

from bench.peers.broker_settings import REDIS_PORT

QUIET = {"version": 1, "disable_existing_loggers": True}
"""For `--custom-log-dict`: two log lines a task would be measured too."""


async def noop(ctx: dict[str, Any]) -> None:
    """Do nothing."""
    del ctx


class Settings:
    """Settings of the worker: it keeps no results and polls more often than twice a second."""

    functions = (noop,)
    redis_settings = RedisSettings(host="127.0.0.1", port=REDIS_PORT)
    keep_result = 0
    max_jobs = 100
    poll_delay = 0.05


async def _fill(count: int) -> None:
    pool = await create_pool(Settings.redis_settings)
    for _ in range(count):
        await pool.enqueue_job("noop")
    await pool.aclose()


if __name__ == "__main__":
    asyncio.run(_fill(int(sys.argv[1])))
