"""Celery on SQS. Run as `celery -A bench.peers.celery_sqs worker`. As a module, sends tasks."""

import sys

from celery import Celery

from bench.peers.broker_settings import ENDPOINT, REGION

app = Celery("peer", broker=ENDPOINT.replace("http://", "sqs://bench:bench@") + "//")
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=200,  # with the default of 4 it takes 20 messages a second
    broker_transport_options={
        "region": REGION,
        "is_secure": False,
        "predefined_queues": {"celery": {"url": f"{ENDPOINT}/000000000000/celery"}},
    },
)


def _noop() -> None:
    pass


noop = app.task(_noop, name="noop")

if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        noop.delay()
