"""Errors of AWS reach the use-cases as errors of Shoal."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    IncompleteReadError,
    ParamValidationError,
)
from botocore.stub import Stubber

from shoal.adapters.aws_errors import AwsError, translated
from shoal.adapters.dynamodb.table import Table
from shoal.adapters.dynamodb.transactions import written
from shoal.adapters.sqs import SqsTaskQueue
from shoal.domain.errors import ShoalError, Unavailable, WriteConflict
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


# Errors as services send them, parsed by botocore.


class Body:
    """The body of an answer."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def stream(self, *_args: object, **_named: object) -> Iterator[bytes]:
        yield self._text


def answering(service: str, *answers: tuple[int, str, Mapping[str, Any]]) -> Any:
    """Return a client whose calls get these answers: status, error code and fields."""
    left = list(answers)

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        status, code, fields = left.pop(0)
        headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "r"}
        body = json.dumps({"__type": f"com.amazonaws#{code}", **fields} if code else fields)
        if service == "s3":
            body = f"<Error><Code>{code}</Code><Message>m</Message></Error>"
        return AWSResponse(request.url, status, cast("Any", HeadersDict(headers)), Body(body))

    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    make: Any = boto3.Session("key", "secret", region_name="us-east-1").client
    found = make(service, config=config)
    found.meta.events.register("before-send", send)
    return found


DONE = (200, "", dict[str, Any]())
CONFLICT = (400, "TransactionConflictException", {"message": "Transaction is ongoing"})
CONDITION = (400, "ConditionalCheckFailedException", {"message": "The conditional request failed"})
ROW: Any = {"id": {"S": "a"}, "v": {"N": "2"}}
PARTS = [{"Put": {"TableName": "t", "Item": ROW}}] * 2


def cancelled(*codes: str) -> tuple[int, str, Mapping[str, Any]]:
    reasons = [{"Code": code} | ({"Message": "m"} if code != "None" else {}) for code in codes]
    fields = {"Message": "Transaction cancelled", "CancellationReasons": reasons}
    return 400, "TransactionCanceledException", fields


@pytest.mark.parametrize(
    "reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_transaction_that_met_another_or_a_throttle_is_repeated(
    reason: str, slept: list[float]
) -> None:
    client = answering("dynamodb", cancelled("None", reason), cancelled(reason, reason), DONE)

    assert written(client, PARTS, sleep=slept.append) == [True, True]
    assert len(slept) == 2


def test_transaction_that_always_meets_another_is_unavailable(slept: list[float]) -> None:
    client = answering("dynamodb", *[cancelled("TransactionConflict", "None")] * 8)

    with pytest.raises(Unavailable):
        written(client, PARTS, sleep=slept.append)


def test_transaction_returns_which_condition_failed(slept: list[float]) -> None:
    answer = cancelled("ConditionalCheckFailed", "TransactionConflict")
    client = answering("dynamodb", answer)

    assert written(client, PARTS, sleep=slept.append) == [False, True]
    assert slept == []


@pytest.mark.parametrize("reason", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_transaction_that_can_never_succeed_is_an_error(reason: str) -> None:
    with pytest.raises(AwsError):
        written(answering("dynamodb", cancelled("TransactionConflict", reason)), PARTS)


@pytest.mark.parametrize("error", [cancelled("None", "ThrottlingError"), CONFLICT])
def test_conflicts_and_throttles_are_unavailable(error: Any) -> None:
    client = answering("dynamodb", error)

    with pytest.raises(Unavailable), translated():
        client.put_item(TableName="t", Item=ROW)


def test_write_that_meets_a_transaction_is_repeated(slept: list[float]) -> None:
    table = Table(answering("dynamodb", CONFLICT, CONFLICT, DONE), "t", sleep=slept.append)

    table.put_over(ROW, 1)

    assert len(slept) == 2


def test_write_that_lost_to_a_transaction_is_a_conflict(slept: list[float]) -> None:
    table = Table(answering("dynamodb", CONFLICT, CONDITION), "t", sleep=slept.append)

    with pytest.raises(WriteConflict):
        table.put_over(ROW, 1)


def test_update_that_meets_a_transaction_is_repeated(slept: list[float]) -> None:
    done = (200, "", {"Attributes": ROW})
    table = Table(answering("dynamodb", CONFLICT, done), "t", sleep=slept.append)

    assert table.set_where("a", {"n": {"N": "1"}}, "attribute_not_exists(#0)", {}) == (True, ROW)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (cancelled("ConditionalCheckFailed", "None"), WriteConflict),
        (cancelled("None", "ValidationError"), AwsError),
    ],
)
def test_conditional_write_next_to_another_row_that_fails(
    answer: Any, raised: type[Exception]
) -> None:
    table = Table(answering("dynamodb", answer), "t")

    with pytest.raises(raised):
        table.put_new_if(ROW, "b", "e = :e", {":e": {"N": "1"}})


def test_conditional_write_next_to_another_row_is_repeated_and_finds_its_row(
    slept: list[float],
) -> None:
    answers = cancelled("TransactionConflict", "None"), cancelled("None", "ConditionalCheckFailed")
    table = Table(answering("dynamodb", *answers), "t", sleep=slept.append)

    assert not table.put_new_if(ROW, "b", "e = :e", {":e": {"N": "1"}})


@pytest.mark.parametrize(
    ("service", "status", "code", "call"),
    [
        ("sqs", 400, "RequestThrottled", "list_queues"),
        ("sqs", 403, "OverLimit", "list_queues"),
        ("sqs", 400, "KmsThrottled", "list_queues"),
        ("stepfunctions", 400, "ThrottlingException", "list_state_machines"),
        ("stepfunctions", 400, "ExecutionLimitExceeded", "list_state_machines"),
        ("stepfunctions", 400, "KmsThrottlingException", "list_state_machines"),
        ("dynamodb", 400, "RequestLimitExceeded", "list_tables"),
        ("dynamodb", 400, "ReplicatedWriteConflictException", "list_tables"),
        ("dynamodb", 500, "InternalServerError", "list_tables"),
        ("s3", 503, "SlowDown", "list_buckets"),
        ("s3", 409, "OperationAborted", "list_buckets"),
        ("s3", 409, "ConditionalRequestConflict", "list_buckets"),
        ("s3", 400, "RequestTimeout", "list_buckets"),
        ("s3", 500, "InternalError", "list_buckets"),
    ],
)
def test_errors_of_each_service_that_pass_are_unavailable(
    service: str, status: int, code: str, call: str
) -> None:
    client = answering(service, (status, code, {"message": "m"}))

    with pytest.raises(Unavailable), translated():
        getattr(client, call)()


@pytest.mark.parametrize(
    ("service", "status", "code", "call"),
    [
        ("sqs", 400, "QueueDoesNotExist", "list_queues"),
        ("stepfunctions", 400, "StateMachineDoesNotExist", "list_state_machines"),
        ("dynamodb", 400, "ValidationException", "list_tables"),
        ("s3", 403, "AccessDenied", "list_buckets"),
    ],
)
def test_errors_of_each_service_that_stay_are_permanent(
    service: str, status: int, code: str, call: str
) -> None:
    client = answering(service, (status, code, {"message": "m"}))

    with pytest.raises(AwsError), translated():
        getattr(client, call)()
