"""The meter, compared with the price pages of DynamoDB and SQS."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from local.emulator import base_environment
from local.twin import free_port

type Bill = Callable[[], dict[str, dict[str, float]]]

BOOT = """
import ministack.app, local.meter
local.meter.install()
ministack.app.main()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home, port = tmp_path_factory.mktemp("meter"), free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
        "TMPDIR": str(home),
    }
    root = Path(__file__).parents[3]
    emulator = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-c", BOOT], cwd=root, env={**base_environment(), **settings}
    )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(f"{url}/_shoal/meter")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        emulator.terminate()
        emulator.wait()


@pytest.fixture
def bill(url: str) -> Bill:
    """Return what was billed since the start of the test."""
    before = httpx.get(f"{url}/_shoal/meter").json()

    def since() -> dict[str, dict[str, float]]:
        after = httpx.get(f"{url}/_shoal/meter").json()
        return {
            what: {
                detail: amount - before.get(what, {}).get(detail, 0)
                for detail, amount in details.items()
                if amount != before.get(what, {}).get(detail, 0)
            }
            for what, details in after.items()
        }

    return since


def client(url: str, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - of an emulator on loopback
    )


@pytest.fixture(scope="module")
def dynamodb(url: str) -> Any:
    made = client(url, "dynamodb")
    made.create_table(
        TableName="x-jobs",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("id", "tenant")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-tenant",
                "KeySchema": [{"AttributeName": "tenant", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return made


def row(row_id: str, size: int = 10, **more: str) -> dict[str, Any]:
    return {"id": {"S": row_id}, "x": {"S": "x" * size}} | {n: {"S": v} for n, v in more.items()}


def test_a_small_row_is_one_write_unit(dynamodb: Any, bill: Bill) -> None:
    dynamodb.put_item(TableName="x-jobs", Item=row("job_1#tally#0"))

    assert bill()["dynamodb.write_units"] == {"jobs": 1}
    assert bill()["dynamodb.writes"] == {"jobs tally": 1}


def test_an_update_is_billed_on_the_whole_row(dynamodb: Any, bill: Bill) -> None:
    dynamodb.put_item(TableName="x-jobs", Item=row("job_2", 2_500))
    dynamodb.update_item(
        TableName="x-jobs",
        Key={"id": {"S": "job_2"}},
        UpdateExpression="SET y = :y",
        ExpressionAttributeValues={":y": {"S": "y"}},
    )

    assert bill()["dynamodb.write_units"] == {"jobs": 3 + 3}


def test_an_indexed_row_is_written_twice(dynamodb: Any, bill: Bill) -> None:
    dynamodb.put_item(TableName="x-jobs", Item=row("job_3", 1_500, tenant="t"))

    assert bill()["dynamodb.write_units"] == {"jobs": 2 + 2}


def test_a_transaction_is_billed_twice_for_the_table_and_once_for_the_index(
    dynamodb: Any, bill: Bill
) -> None:
    new = {"TableName": "x-jobs", "Item": row("job_7", 1_500, tenant="t")}
    key = {"id": {"S": "job_2"}}
    check = {"TableName": "x-jobs", "Key": key, "ConditionExpression": "attribute_exists(id)"}

    dynamodb.transact_write_items(TransactItems=[{"Put": new}, {"ConditionCheck": check}])

    assert bill()["dynamodb.write_units"] == {"jobs": 2 * 2 + 2 + 2 * 3}
    assert bill()["dynamodb.requests"] == {"TransactWriteItems jobs": 1}


def test_the_rows_that_a_query_evaluates_are_billed(dynamodb: Any, bill: Bill) -> None:
    for number in range(3):
        dynamodb.put_item(TableName="x-jobs", Item=row(f"job_5{number}", tenant="five"))
    dynamodb.query(
        TableName="x-jobs",
        IndexName="by-tenant",
        KeyConditionExpression="tenant = :t",
        FilterExpression="id = :one",
        ExpressionAttributeValues={":t": {"S": "five"}, ":one": {"S": "job_51"}},
    )
    dynamodb.get_item(TableName="x-jobs", Key={"id": {"S": "job_50"}})
    keys = [{"id": {"S": each}} for each in ("job_50", "job_51", "job_nobody")]
    dynamodb.batch_get_item(RequestItems={"x-jobs": {"Keys": keys}})

    assert bill()["dynamodb.rows_read"] == {"jobs": 3 + 1 + 2}


def test_a_refused_write_is_billed_too(dynamodb: Any, bill: Bill) -> None:
    dynamodb.put_item(TableName="x-jobs", Item=row("job_4", 1_500))
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(
            TableName="x-jobs", Item=row("job_4"), ConditionExpression="attribute_not_exists(id)"
        )

    assert bill()["dynamodb.write_units"] == {"jobs": 2 + 2}


def test_reads_are_billed_by_four_kilobytes_and_by_strength(dynamodb: Any, bill: Bill) -> None:
    dynamodb.put_item(TableName="x-jobs", Item=row("job_5", 5_000))
    key = {"id": {"S": "job_5"}}
    dynamodb.get_item(TableName="x-jobs", Key=key, ConsistentRead=True)
    dynamodb.get_item(TableName="x-jobs", Key=key)
    missing = {"id": {"S": "job_none"}}
    dynamodb.batch_get_item(
        RequestItems={"x-jobs": {"Keys": [key, missing], "ConsistentRead": True}}
    )

    assert bill()["dynamodb.read_units"] == {"jobs": 2 + 1 + (2 + 1)}


def test_a_batch_of_ten_messages_is_one_request(url: str, bill: Bill) -> None:
    sqs = client(url, "sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": "x"} for n in range(10)]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 70_000)
    sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)

    requests = bill()["sqs.requests"]

    assert requests["SendMessageBatch"] == 1
    assert requests["SendMessage"] == 2
    assert requests["ReceiveMessage"] == 1
