"""The queues as SQS has them."""

import uuid
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from shoal.adapters.worker_queue import SqsDeliveries
from shoal.wire.worker import Away, Delivery, Refused


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[SqsDeliveries, str]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName=f"tasks-{uuid.uuid4().hex}")["QueueUrl"]
        for number in range(12):
            client.send_message(QueueUrl=url, MessageBody=str(number))
        yield SqsDeliveries(client, {"normal": url}), url


def received(deliveries: SqsDeliveries, limit: int = 10) -> list[Delivery]:
    return list(deliveries.receive("normal", limit=limit, wait=0, visibility=60))


def all_received(deliveries: SqsDeliveries) -> list[Delivery]:
    """All twelve: a receive may give fewer than there are, or one of them again."""
    got: dict[str, Delivery] = {}
    while len(got) < 12:
        got |= {each.body: each for each in received(deliveries)}
    return list(got.values())


def test_no_more_is_received_than_asked_for(queue: tuple[SqsDeliveries, str]) -> None:
    deliveries, _ = queue

    assert len(received(deliveries, 3)) == 3


def test_what_is_given_back_is_received_again(queue: tuple[SqsDeliveries, str]) -> None:
    deliveries, _ = queue
    first = all_received(deliveries)

    deliveries.hide(first, 0)

    assert len(all_received(deliveries)) == 12


def test_more_than_a_batch_is_deleted(queue: tuple[SqsDeliveries, str]) -> None:
    deliveries, _ = queue
    got = all_received(deliveries)

    deliveries.delete(got)
    deliveries.delete(got[:1])  # gone already

    deliveries.hide(got, 0)
    assert received(deliveries) == []


def test_what_is_left_counts_what_is_hidden_or_delayed_too(
    queue: tuple[SqsDeliveries, str],
) -> None:
    deliveries, url = queue
    received(deliveries, 3)
    client = deliveries._sqs  # noqa: SLF001
    client.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)

    assert deliveries.left("normal") == 13


def test_a_queue_that_is_not_there_is_refused(queue: tuple[SqsDeliveries, str]) -> None:
    deliveries, url = queue
    missing = SqsDeliveries(deliveries._sqs, {"normal": f"{url}-missing"})  # noqa: SLF001

    with pytest.raises(Refused):
        received(missing)


def test_a_service_that_is_not_reached_is_away() -> None:
    client = boto3.client(
        "sqs",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106 - not a secret
        config=Config(retries={"max_attempts": 0}, connect_timeout=1),
    )

    with pytest.raises(Away):
        received(SqsDeliveries(client, {"normal": "http://127.0.0.1:9/tasks"}))
