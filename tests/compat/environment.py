"""The environment of the functions: AWS, time, randomness and the hosts of webhooks.

DynamoDB and S3 are moto's. Every other service records its calls, and answers from the `Facts` of
the step. The replacements patch the standard library and botocore, so that the tests depend on no
module of Shoal except the composition root and the settings.
"""

import http.client
import io
import json
import os
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from unittest.mock import patch

import botocore.client
import botocore.session
from botocore.exceptions import ClientError

from shoal import bootstrap
from shoal.bootstrap.aws import on_aws
from shoal.settings import FunctionSettings
from tests.compat import canonical
from tests.contract.aws_services import moto

type Json = Any

TABLES: Final = {"jobs": ("id",), "tasks": ("id",), "registry": ("pk", "sk")}
BUCKETS: Final = ("inputs", "results")
EPOCH: Final = 1_800_000_000.0
"""The start of every chapter: 2027-01-15 08:00:00 UTC."""
_QUEUE: Final = "https://sqs.us-east-1.amazonaws.com/123456789012"
_MACHINE: Final = "arn:aws:states:us-east-1:123456789012:stateMachine:shoal"
ENVIRONMENT: Final = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "SHOAL_STAGE": "compat",
    "SHOAL_TASKS_TABLE": "tasks",
    "SHOAL_JOBS_TABLE": "jobs",
    "SHOAL_REGISTRY_TABLE": "registry",
    "SHOAL_INPUTS_BUCKET": "inputs",
    "SHOAL_RESULTS_BUCKET": "results",
    "SHOAL_QUEUE_HIGH_URL": f"{_QUEUE}/tasks-high",
    "SHOAL_QUEUE_NORMAL_URL": f"{_QUEUE}/tasks-normal",
    "SHOAL_QUEUE_LOW_URL": f"{_QUEUE}/tasks-low",
    "SHOAL_DELIVERIES_QUEUE_URL": f"{_QUEUE}/deliveries",
    "SHOAL_STATE_MACHINE_ARN": f"{_MACHINE}-jobs",
    "SHOAL_BULK_MACHINE_ARN": f"{_MACHINE}-bulk",
    "SHOAL_EXPORT_MACHINE_ARN": f"{_MACHINE}-exports",
    "SHOAL_EVENT_BUS": "shoal-bus",
    "SHOAL_LIVE_URL": "https://live.example.com/live",
    "SHOAL_TICKET_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:tickets",
    "SHOAL_LEASE_SECONDS": "60",
    "SHOAL_RETENTION_DAYS": "90",
}


@dataclass(frozen=True)
class Facts:
    """The state of the services around a step.

    `executions`: how executions ended, by name; one that was started and is not here is running.
    `depths` and `ages`: of queues, by priority. `gone`: connections that are closed.
    `posts`: the statuses with which webhooks answer, by host; a word instead of a number is a
    failure to connect. `faults`: the error code of the next calls, by `service.Operation`.
    """

    executions: Mapping[str, Json] = field(default_factory=dict)
    depths: Mapping[str, list[int]] = field(default_factory=dict)
    ages: Mapping[str, float] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    posts: Mapping[str, Json] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Effects:
    """The effects of a step."""

    sent: list[Json] = field(default_factory=list)
    metrics: list[Json] = field(default_factory=list)
    written: set[tuple[str, str]] = field(default_factory=set)
    """Table or bucket, and key, of each row and object that the step may have changed."""


State = dict[str, dict[str, Json]]
"""Canonical rows by key, in tables; canonical objects by key, in buckets."""


class Environment:
    """Tables, buckets and replaced services. `within` runs a step in them."""

    def __init__(self, dynamodb: Any, s3: Any) -> None:
        self._dynamodb = dynamodb
        self._s3 = s3
        self._clients = dict[str, Any]()

    # Rows and objects.

    def clear(self) -> None:
        """Deletes all rows and all objects."""
        for table in TABLES:
            pages = self._dynamodb.get_paginator("scan").paginate(TableName=table)
            for item in [item for page in pages for item in page["Items"]]:
                self.put(table, key_of(table, item), None)
        for bucket in BUCKETS:
            for listed in self._s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
                self.put(f"s3:{bucket}", listed["Key"], None)

    def put(self, place: str, key: str, want: Json) -> None:
        """Writes a canonical row or object; None deletes it."""
        bucket = place.removeprefix("s3:")
        if bucket != place:
            if want is None:
                self._s3.delete_object(Bucket=bucket, Key=key)
                return
            given = {"Metadata": want["metadata"], "ContentType": want["type"]}
            self._s3.put_object(
                Bucket=bucket, Key=key, Body=canonical.content(want["body"]), **given
            )
        elif want is None:
            names = TABLES[place]
            parts = key.split(" ", len(names) - 1)
            found = {name: {"S": part} for name, part in zip(names, parts, strict=True)}
            self._dynamodb.delete_item(TableName=place, Key=found)
        else:
            self._dynamodb.put_item(TableName=place, Item=canonical.attributes(want))

    def get(self, place: str, key: str) -> Json:
        """Reads a row or an object in its canonical form; None if it does not exist."""
        bucket = place.removeprefix("s3:")
        if bucket == place:
            names = TABLES[place]
            parts = zip(names, key.split(" ", len(names) - 1), strict=True)
            found = self._dynamodb.get_item(
                TableName=place, Key={name: {"S": part} for name, part in parts}
            ).get("Item")
            return None if found is None else canonical.row(found)
        try:
            each = self._s3.get_object(Bucket=bucket, Key=key)
        except self._s3.exceptions.NoSuchKey:
            return None
        return {
            "body": canonical.body(each["Body"].read()),
            "type": each["ContentType"],
            "metadata": each["Metadata"],
        }

    # Steps.

    @contextmanager
    def within(
        self, name: str, now: float, facts: Facts, executions: Mapping[str, Json]
    ) -> Iterator[Effects]:
        """Replaces services, time and randomness for one step, and collects its effects."""
        effects, out = Effects(), io.StringIO()
        calls = _Calls(effects, facts, executions)
        chance = _Chance(name)
        with ExitStack() as stack:
            enter = stack.enter_context
            enter(redirect_stdout(out))
            enter(patch.dict("os.environ", ENVIRONMENT))
            enter(patch.object(botocore.session.Session, "create_client", self._creating()))
            enter(patch.object(time, "time", lambda: now))
            enter(patch.object(time, "monotonic", lambda: now))
            enter(patch.object(time, "sleep", lambda _: None))
            enter(patch.object(os, "urandom", chance.bytes))
            enter(patch.object(random, "random", lambda: 0.5))
            enter(patch.object(socket, "getaddrinfo", _public_address))
            enter(patch.object(http.client.HTTPConnection, "request", calls.post))
            enter(patch.object(http.client.HTTPConnection, "getresponse", calls.posted))
            enter(patch.object(botocore.client.BaseClient, "_make_api_call", calls.call))
            bootstrap.use(on_aws(FunctionSettings.from_environment()))
            yield effects
        lines = [line for line in out.getvalue().splitlines() if '"_aws"' in line]
        effects.metrics += map(json.loads, lines)

    def _creating(self) -> Callable[..., Any]:
        """Returns a client factory with a cache: creating a client is slower than a call."""

        def create_client(session: Any, service: str, *args: Any, **kwargs: Any) -> Any:
            key = f"{service} {kwargs.get('endpoint_url')}"
            if key not in self._clients:
                self._clients[key] = _real_client(session, service, *args, **kwargs)
            return self._clients[key]

        return create_client


@contextmanager
def provisioned() -> Iterator[Environment]:
    """Creates the tables and buckets of a deployment."""
    with moto() as aws:
        yield Environment(aws.dynamodb, aws.s3)


def key_of(table: str, attributes: Mapping[str, Json]) -> str:
    """Returns the key of a row as one string."""
    return " ".join(attributes[name]["S"] for name in TABLES[table])


_READS: Final = frozenset(("GetItem", "BatchGetItem", "Query", "Scan"))
_OBJECTS: Final = frozenset(("PutObject", "DeleteObject", "CompleteMultipartUpload"))


def _written(service: str, operation: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields the rows and objects that a call may write."""
    if service == "s3":
        if operation in _OBJECTS:
            yield f"s3:{given['Bucket']}", given["Key"]
    elif operation == "TransactWriteItems":
        for item in given["TransactItems"]:
            for each in item.values():
                yield each["TableName"], key_of(each["TableName"], each.get("Item") or each["Key"])
    elif operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        yield given["TableName"], key_of(given["TableName"], given.get("Item") or given["Key"])
    elif operation not in _READS:
        raise AssertionError(f"the environment do not know what {operation} writes")


_real_client: Final = botocore.session.Session.create_client


class _Chance:
    """Random bytes that depend only on the name of the step."""

    def __init__(self, step: str) -> None:
        self._step = step
        self._taken = dict[int, int]()
        self._real = os.urandom

    def bytes(self, size: int) -> bytes:
        if size == 16:  # a UUID, which botocore makes for each call
            return self._real(size)
        taken = self._taken[size] = self._taken.get(size, 0) + 1
        return (sha256(f"{self._step} {taken}".encode()).digest() * 2)[:size]


def _public_address(_host: str, port: int, **_: Any) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]


class _Posted:
    """The answer of the host of a webhook."""

    def __init__(self, status: int) -> None:
        self.status = status

    def read(self, _most: int) -> bytes:
        return b""


_real_call: Final[Any] = vars(botocore.client.BaseClient)["_make_api_call"]


class _Calls:
    """Replaces the calls that leave the process."""

    def __init__(self, effects: Effects, facts: Facts, executions: Mapping[str, Json]) -> None:
        self._effects, self._facts, self._executions = effects, facts, executions
        self.post, self.posted = self._posting()
        self.call = self._calling()

    def _calling(self) -> Callable[..., Any]:
        def call(client: Any, operation: str, given: Mapping[str, Any]) -> Any:
            service = client.meta.service_model.service_name
            code = self._facts.faults.get(f"{service}.{operation}")
            if code is not None:
                raise ClientError(
                    {
                        "Error": {"Code": code, "Message": "a fault of the test"},
                        "ResponseMetadata": {"HTTPStatusCode": 400},  # type: ignore[typeddict-item]
                    },
                    operation,
                )
            answer = getattr(self, f"_{service}_{operation}", None)
            if answer is None:
                self._effects.written.update(_written(service, operation, given))
            return _real_call(client, operation, given) if answer is None else answer(given)

        return call

    def _posting(self) -> tuple[Callable[..., None], Callable[..., _Posted]]:
        def post(
            connection: Any, method: str, target: str, *, body: bytes, headers: Mapping[str, str]
        ) -> None:
            status = self._facts.posts.get(connection.host, 200)
            self._note(
                "webhook",
                method=method,
                url=f"{connection.host}:{connection.port}{target}",
                headers=dict(headers),
                body=canonical.body(body),
            )
            if isinstance(status, str):
                raise ConnectionError(status)
            connection.shoal_status = status

        def posted(connection: Any) -> _Posted:
            return _Posted(connection.shoal_status)

        return post, posted

    def _note(self, to: str, **what: Json) -> None:
        self._effects.sent.append({"to": to, **what})

    # SQS

    def _sqs_SendMessageBatch(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        for entry in given["Entries"]:
            self._message(given["QueueUrl"], entry)
        return {"Successful": [{"Id": entry["Id"]} for entry in given["Entries"]]}

    def _sqs_SendMessage(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        self._message(given["QueueUrl"], given)
        return {"MessageId": "m"}

    def _message(self, url: str, entry: Mapping[str, Any]) -> None:
        rest = {k: v for k, v in entry.items() if k not in {"Id", "QueueUrl", "MessageBody"}}
        body = json.loads(entry["MessageBody"])
        self._note("sqs", queue=url.rpartition("/")[2], body=body, **rest)

    def _sqs_GetQueueAttributes(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        queue = given["QueueUrl"].rpartition("-")[2]
        found = self._facts.depths.get(queue, [0, 0, 0])
        names = ("", "NotVisible", "Delayed")
        return {
            "Attributes": {
                f"ApproximateNumberOfMessages{name}": str(count)
                for name, count in zip(names, found, strict=True)
            }
        }

    # Step Functions

    def _stepfunctions_StartExecution(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        arn, name = given["stateMachineArn"], given["name"]
        self._note(
            "stepfunctions",
            call="StartExecution",
            machine=arn.rpartition(":")[2],
            name=name,
            input=json.loads(given["input"]),
        )
        if name in self._executions:
            raise ClientError({"Error": {"Code": "ExecutionAlreadyExists"}}, "StartExecution")
        return {"executionArn": f"{arn}:{name}", "startDate": datetime.now(UTC)}

    def _stepfunctions_DescribeExecution(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        name = given["executionArn"].rpartition(":")[2]
        started: dict[str, Json] = {e["name"]: {} for e in self._effects.sent if "name" in e}
        found = {**started, **self._executions}.get(name)
        if found is None:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")
        answer = {"status": "RUNNING", "startDate": EPOCH, **found}
        for date in ("startDate", "stopDate"):
            if date in answer:
                answer[date] = datetime.fromtimestamp(answer[date], UTC)
        if "output" in answer:
            answer["output"] = json.dumps(answer["output"])
        return answer

    def _stepfunctions_SendTaskSuccess(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        self._note("stepfunctions", call="SendTaskSuccess", **given)
        return {}

    # EventBridge, the WebSocket API, CloudWatch

    def _events_PutEvents(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        for entry in given["Entries"]:
            self._note("events", **{**entry, "Detail": json.loads(entry["Detail"])})
        return {"Entries": [{"EventId": "e"} for _ in given["Entries"]]}

    def _apigatewaymanagementapi_PostToConnection(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        connection, said = given["ConnectionId"], json.loads(given["Data"])
        if connection in self._facts.gone:
            gone: Any = {"Error": {"Code": "GoneException"}}
            raise ClientError(gone | {"ResponseMetadata": {"HTTPStatusCode": 410}}, "Post")
        self._note("live", connection=connection, message=said)
        return {}

    def _secretsmanager_GetSecretValue(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        return {"SecretString": f"the key {given['VersionStage']}"}

    def _cloudwatch_GetMetricData(self, given: Mapping[str, Any]) -> Json:  # noqa: N802
        results = []
        for query in given["MetricDataQueries"]:
            (dimension,) = query["MetricStat"]["Metric"]["Dimensions"]
            age = self._facts.ages.get(dimension["Value"].rpartition("-")[2])
            found = [] if age is None else [(given["EndTime"], age)]
            times, values = [time for time, _ in found], [value for _, value in found]
            results.append({"Id": query["Id"], "Timestamps": times, "Values": values})
        return {"MetricDataResults": results}
