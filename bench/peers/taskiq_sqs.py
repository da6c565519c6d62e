"""Taskiq on SQS. Run as `taskiq worker bench.peers.taskiq_sqs:broker`. As a module, sends tasks."""

import asyncio
import sys

from taskiq_aio_sqs import SQSBroker

from bench.peers.broker_settings import ENDPOINT, REGION

broker = SQSBroker(
    "taskiq",
    endpoint_url=ENDPOINT,
    region_name=REGION,
    aws_access_key_id="bench",
    aws_secret_access_key="bench",  # noqa: S106 - of a stub
    max_number_of_messages=10,
)


async def _noop() -> None:
    pass


noop = broker.task("noop")(_noop)


async def _fill(count: int) -> None:
    await broker.startup()
    for _ in range(count):
        await noop.kiq()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(_fill(int(sys.argv[1])))
