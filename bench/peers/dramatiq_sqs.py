"""Dramatiq on SQS. Run as `dramatiq bench.peers.dramatiq_sqs`. As a module, sends tasks."""

import sys

import dramatiq
from dramatiq_sqs import SQSBroker

from bench.peers.broker_settings import ENDPOINT, REGION

dramatiq.set_broker(SQSBroker(endpoint_url=ENDPOINT, region_name=REGION))


def _noop() -> None:
    pass


noop = dramatiq.actor(_noop)

if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        noop.send()
