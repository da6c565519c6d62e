"""The comparison with other task queues: its stub, its clock and its page."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import boto3
import pytest

from bench.peers.brokers import stub
from bench.peers.contestants import CONTESTANTS
from bench.peers.plot import plot
from bench.peers.processes import cpu, tree, used
from bench.peers.report import Result, report
from bench.peers.runner import Run

SHOAL = CONTESTANTS[0]


def test_the_stub_hands_out_each_message_once_and_counts_deletes() -> None:
    with stub() as broker:
        broker.fill(SHOAL)
        url = broker.environment["SHOAL_QUEUE_NORMAL_URL"]
        sqs = boto3.client(
            "sqs",
            region_name="us-east-1",
            endpoint_url=broker.environment["AWS_ENDPOINT_URL_SQS"],
            aws_access_key_id="bench",
            aws_secret_access_key="bench",  # noqa: S106 - of a stub
        )

        got = [sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10) for _ in range(2)]
        for message in got[0]["Messages"] + got[1]["Messages"]:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

        assert len({message["Body"] for each in got for message in each["Messages"]}) == 20
        assert broker.settled(SHOAL) == 20


def test_the_cpu_of_children_counts() -> None:
    busy = "import sys; sum(range(30_000_000)); print(flush=True); sys.stdin.read()"
    before = cpu(tree(os.getpid()))
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()

        after = cpu(tree(os.getpid()))

        child.communicate()
    assert used(before, after) > 0.1
    assert child.pid in after


def test_a_process_that_ended_spoils_the_measurement() -> None:
    with pytest.raises(RuntimeError, match="7"):
        used({1: 0.0, 7: 0.0}, {1: 0.1})


def test_the_page_lists_the_missed_goals() -> None:
    cost = {1: 150.0, 10: 20.0, 100: 11.0}
    results = [
        Result(each, [Run(cost[each.chunk] if not each.fill else 740.0, 10.0, 900.0)])
        for each in CONTESTANTS
        if each.broker == "SQS"
    ] + [Result(CONTESTANTS[-1], [])]

    page = report(results, [30.0, 45.0])

    assert "at most 200 µs at chunk 1: met" in page
    assert "at most 10 µs at chunk 100: missed" in page
    assert "5 times ahead of every peer on SQS: missed, 4.9 times" in page
    assert re.search(r"no redis-server .*: arq\.", page)
    assert "took 1.50 times" in page


def test_the_picture_has_a_bar_for_each() -> None:
    results = [Result(each, [Run(float(10 + i), 1.0, 2.0)]) for i, each in enumerate(CONTESTANTS)]

    picture = ET.fromstring(plot(results))  # noqa: S314 - our own

    bars = [each for each in picture.iter() if each.tag.endswith("rect")]
    assert len(bars) == len(CONTESTANTS) + 1  # and the background
