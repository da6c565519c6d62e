"""The SQS adapter. A client of botocore validates and executes each request."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from moto import mock_aws
from mypy_boto3_sqs import SQSClient

from shoal.adapters.http import PostResponse
from shoal.adapters.worker_queue import SqsMessageSource
from shoal.wire.worker import ReceivedMessage, RemoteRejected, RemoteUnavailable


def through(sqs: SQSClient, url: str) -> SqsMessageSource:
    """Returns an adapter for a queue that sends its requests with a botocore client."""

    def post(to: str, headers: dict[str, str], body: bytes) -> PostResponse:
        assert to == "https://sqs.invalid"
        service, action = headers["X-Amz-Target"].split(".")
        assert service == "AmazonSQS"
        try:
            answer: dict[str, Any] = getattr(sqs, xform_name(action))(**json.loads(body))
        except ClientError as error:
            error_body = {"__type": f"com.amazonaws.sqs#{error.response['Error']['Code']}"}
            return PostResponse(400, json.dumps(error_body).encode())
        return PostResponse(200, json.dumps(answer).encode())

    return SqsMessageSource(post, "https://sqs.invalid", {"normal": url})


def answering(answer: PostResponse) -> SqsMessageSource:
    """Returns an adapter with the same response to every call."""
    return SqsMessageSource(lambda *_: answer, "https://sqs.invalid", {"normal": "https://queue"})


type Queue = tuple[SqsMessageSource, SQSClient, str]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName=f"tasks-{uuid.uuid4().hex}")["QueueUrl"]
        for number in range(12):
            client.send_message(QueueUrl=url, MessageBody=str(number))
        yield through(client, url), client, url


def received(deliveries: SqsMessageSource, limit: int = 10) -> list[ReceivedMessage]:
    return list(deliveries.receive("normal", limit=limit, wait=0, visibility=60))


def all_received(deliveries: SqsMessageSource) -> list[ReceivedMessage]:
    """Receives all twelve messages: one call may return fewer, or duplicates."""
    got: dict[str, ReceivedMessage] = {}
    while len(got) < 12:
        got |= {each.body: each for each in received(deliveries)}
    return list(got.values())


def test_receive_returns_at_most_the_limit(queue: Queue) -> None:
    deliveries, *_ = queue

    assert len(received(deliveries, 3)) == 3


def test_returned_message_is_received_again(queue: Queue) -> None:
    deliveries, *_ = queue
    first = all_received(deliveries)

    deliveries.hide(first, 0)

    assert len(all_received(deliveries)) == 12


def test_sent_time_is_known_only_at_the_first_receive(
    queue: Queue,
) -> None:
    deliveries, *_ = queue

    first = all_received(deliveries)
    deliveries.hide(first, 0)
    again = all_received(deliveries)

    assert all(0 <= time.time() - (each.sent_at or 0.0) < 60 for each in first)
    assert {each.sent_at for each in again} == {None}


def test_delete_handles_more_than_one_batch(queue: Queue) -> None:
    deliveries, *_ = queue
    got = all_received(deliveries)

    deliveries.delete(got)
    deliveries.delete(got[:1])  # deleted already

    deliveries.hide(got, 0)
    assert received(deliveries) == []


def test_message_count_includes_hidden_and_delayed_messages(queue: Queue) -> None:
    deliveries, client, url = queue
    received(deliveries, 3)
    client.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)

    assert deliveries.message_count("normal") == 13


def test_missing_queue_is_rejected(queue: Queue) -> None:
    _, client, url = queue
    missing = through(client, f"{url}-missing")

    with pytest.raises(RemoteRejected, match=r"NonExistentQueue|QueueDoesNotExist"):
        received(missing)


@pytest.mark.parametrize(
    "answer",
    [
        PostResponse(503, b"<html>"),
        PostResponse(400, b'{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow down"}'),
    ],
)
def test_retryable_responses_are_unavailable(answer: PostResponse) -> None:
    with pytest.raises(RemoteUnavailable):
        received(answering(answer))


def test_failed_delete_is_unavailable() -> None:
    failed = {"Id": "0", "SenderFault": False, "Code": "InternalError"}
    deliveries = answering(PostResponse(200, json.dumps({"Failed": [failed]}).encode()))

    with pytest.raises(RemoteUnavailable, match="InternalError"):
        deliveries.delete([ReceivedMessage("normal", "receipt", "{}")])
