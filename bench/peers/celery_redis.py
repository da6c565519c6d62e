"""Celery on Redis. Run as `celery -A bench.peers.celery_redis worker`. As a module, sends tasks."""

import sys

from celery import Celery

from bench.peers.broker_settings import REDIS_PORT

app = Celery("peer", broker=f"redis://127.0.0.1:{REDIS_PORT}/0")
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=200)


def _noop() -> None:
    pass


noop = app.task(_noop, name="noop")

if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        noop.delay()
