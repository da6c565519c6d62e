"""Dramatiq on Redis. Run as `dramatiq bench.peers.dramatiq_redis`. As a module, sends tasks."""

import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.peers.broker_settings import REDIS_PORT

dramatiq.set_broker(RedisBroker(host="127.0.0.1", port=REDIS_PORT))


def _noop() -> None:
    pass


noop = dramatiq.actor(_noop)

if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        noop.send()
