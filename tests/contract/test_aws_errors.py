"""Errors of AWS reach the use-cases as errors of Shoal."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    IncompleteReadError,
    ParamValidationError,
)
from botocore.stub import Stubber

from shoal.adapters.aws_errors import AwsError, translated
from shoal.adapters.dynamodb.table import Table
from shoal.adapters.sqs import SqsTaskQueue
from shoal.domain.errors import ShoalError, Unavailable
from shoal.domain.job import Priority
from shoal.ports.queues import Message
from tests.contract.examples import fresh_id

URL = "https://sqs.us-east-1.amazonaws.com/000000000000/tasks-normal"


def refusal(code: str, status: int = 400) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "GetItem")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (refusal("ThrottlingException"), Unavailable),
        (refusal("ProvisionedThroughputExceededException"), Unavailable),
        (refusal("SlowDown", 503), Unavailable),
        (refusal("SomethingNew", 500), Unavailable),
        (EndpointConnectionError(endpoint_url="http://x"), Unavailable),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), Unavailable),
        (refusal("AccessDeniedException"), AwsError),
        (refusal("ResourceNotFoundException"), AwsError),
        (ParamValidationError(report="wrong"), AwsError),
    ],
)
def test_errors_are_translated(error: Exception, said: type[ShoalError]) -> None:
    with pytest.raises(said), translated():
        raise error


def client(service: Any) -> Any:
    make: Any = boto3.Session("key", "secret", region_name="us-east-1").client
    return make(service)


@pytest.fixture
def slept() -> list[float]:
    return []


class Stub(Stubber):
    """A client that expects calls and returns prepared answers."""

    client: Any


@pytest.fixture
def sqs() -> Iterator[Stub]:
    with Stub(client("sqs")) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def dynamodb() -> Iterator[Stub]:
    with Stub(client("dynamodb")) as stub:
        yield stub
        stub.assert_no_pending_responses()


def entry(place: int, chunk: int, job: str, delay: int = 0) -> Mapping[str, Any]:
    return {
        "Id": str(place),
        "MessageBody": f'{{"job": "{job}", "chunk": {chunk}}}',
        "MessageGroupId": "acme",
        "DelaySeconds": delay,
    }


def answer(sent: list[str], refused: list[str]) -> dict[str, Any]:
    return {
        "Successful": [{"Id": i, "MessageId": i, "MD5OfMessageBody": "x"} for i in sent],
        "Failed": [{"Id": i, "SenderFault": False, "Code": "Throttled"} for i in refused],
    }


def test_only_refused_messages_are_sent_again(sqs: Stub, slept: list[float]) -> None:
    job = fresh_id()
    both = [entry(0, 5, job), entry(1, 6, job)]
    expect = {"QueueUrl": URL}
    sqs.add_response("send_message_batch", answer(["0"], ["1"]), {**expect, "Entries": both})
    sqs.add_response("send_message_batch", answer(["1"], []), {**expect, "Entries": both[1:]})
    queue = SqsTaskQueue(sqs.client, {Priority.NORMAL: URL}, sleep=slept.append)

    queue.send(Priority.NORMAL, [Message(job, 5), Message(job, 6)], tenant="acme")

    assert len(slept) == 1


def test_messages_that_are_always_refused_are_unavailable(sqs: Stub, slept: list[float]) -> None:
    for _ in range(8):
        sqs.add_response("send_message_batch", answer([], ["0"]))
    queue = SqsTaskQueue(sqs.client, {Priority.NORMAL: URL}, sleep=slept.append)

    with pytest.raises(Unavailable):
        queue.send(Priority.NORMAL, [Message(fresh_id(), 5)], tenant="acme")


@pytest.mark.parametrize(("wanted", "delay"), [(-1.0, 0), (0.2, 1), (30.0, 30), (43_200.0, 900)])
def test_delays_are_whole_seconds_and_at_most_fifteen_minutes(
    sqs: Stub, wanted: float, delay: int
) -> None:
    job = fresh_id()
    expected = {"QueueUrl": URL, "Entries": [entry(0, 5, job, delay)]}
    sqs.add_response("send_message_batch", answer(["0"], []), expected)

    SqsTaskQueue(sqs.client, {Priority.NORMAL: URL}).send(
        Priority.NORMAL, [Message(job, 5, wanted)], tenant="acme"
    )


def test_unprocessed_keys_are_read_again(dynamodb: Stub, slept: list[float]) -> None:
    a, b = {"id": {"S": "a"}}, {"id": {"S": "b"}}
    rest = {"tasks": {"Keys": [b], "ConsistentRead": True}}
    dynamodb.add_response(
        "batch_get_item",
        {"Responses": {"tasks": [a]}, "UnprocessedKeys": rest},
        {"RequestItems": {"tasks": {"Keys": [a, b], "ConsistentRead": True}}},
    )
    dynamodb.add_response(
        "batch_get_item",
        {"Responses": {"tasks": [b]}, "UnprocessedKeys": {}},
        {"RequestItems": rest},
    )

    found = Table(dynamodb.client, "tasks", sleep=slept.append).get_many(["a", "b"])

    assert found == {"a": a, "b": b}
    assert len(slept) == 1


def test_a_throttled_write_is_unavailable(dynamodb: Stub) -> None:
    dynamodb.add_client_error("put_item", "ThrottlingException")

    with pytest.raises(Unavailable):
        Table(dynamodb.client, "tasks").put_new({"id": {"S": "a"}})
