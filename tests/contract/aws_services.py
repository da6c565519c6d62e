"""AWS for the contract tests: moto in this process, or MiniStack in another."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config
from moto import mock_aws

from shoal.domain.job import Priority
from shoal.ports.clock import Clock

_SERVICES = ("dynamodb", "s3", "sqs", "stepfunctions", "cloudwatch", "secretsmanager")
_MACHINE = '{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}'
_FOUND_BY = {
    "Projection": {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["task_type", "name", "marks"],
    }
}


@dataclass(frozen=True)
class Aws:
    """Clients, and the names of the resources."""

    dynamodb: Any
    s3: Any
    sqs: Any
    stepfunctions: Any
    cloudwatch: Any
    secretsmanager: Any
    urls: dict[Priority, str]
    state_machine_arn: str

    def received(self, priority: Priority) -> list[dict[str, Any]]:
        """The bodies of all messages that can be received, which are deleted."""
        bodies: list[dict[str, Any]] = []
        while messages := self._some(priority):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                self.sqs.delete_message(
                    QueueUrl=self.urls[priority], ReceiptHandle=message["ReceiptHandle"]
                )
        return bodies

    def aged(self, clock: Clock, priority: Priority, seconds: float, minutes_ago: int = 2) -> None:
        """Measure the age of a queue's oldest message, as SQS does."""
        metric = {
            "MetricName": "ApproximateAgeOfOldestMessage",
            "Dimensions": [{"Name": "QueueName", "Value": f"tasks-{priority}"}],
            "Timestamp": datetime.fromtimestamp(clock.now() - 60 * minutes_ago, UTC),
            "Value": seconds,
        }
        self.cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[metric])

    def _some(self, priority: Priority) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.urls[priority], MaxNumberOfMessages=10, AttributeNames=["All"]
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages


@contextmanager
def moto() -> Iterator[Aws]:
    with mock_aws():
        yield _provisioned(None)


@contextmanager
def ministack(folder: Path) -> Iterator[Aws]:
    port = _free_port()
    environment = {
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(folder),
        "LOG_LEVEL": "ERROR",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, cwd=folder, stdout=log, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await(f"{url}/_ministack/health")
        yield _provisioned(url)
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _await(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _provisioned(endpoint: str | None) -> Aws:
    session = boto3.Session("test", "test", region_name="us-east-1")
    signed = {"s3": "s3v4"}
    make: Any = session.client  # named by a variable, it has no overload to match
    dynamodb, s3, sqs, stepfunctions, cloudwatch, secretsmanager = (
        make(
            name,
            endpoint_url=endpoint,
            config=Config(
                retries={"total_max_attempts": 1},
                max_pool_connections=16,
                signature_version=signed.get(name),
                s3={"addressing_style": "path"},
            ),
        )
        for name in _SERVICES
    )
    _create_table(dynamodb, "tasks", "id")
    _create_table(dynamodb, "registry", "pk", "sk")
    _create_table(dynamodb, "jobs", "id", indices=True)
    for bucket in ("inputs", "results"):
        s3.create_bucket(Bucket=bucket)
    machine = stepfunctions.create_state_machine(
        name="shoal-jobs", definition=_MACHINE, roleArn="arn:aws:iam::000000000000:role/jobs"
    )
    urls = {p: sqs.create_queue(QueueName=f"tasks-{p}")["QueueUrl"] for p in Priority}
    return Aws(
        dynamodb,
        s3,
        sqs,
        stepfunctions,
        cloudwatch,
        secretsmanager,
        urls,
        machine["stateMachineArn"],
    )


def _create_table(dynamodb: Any, name: str, *key: str, indices: bool = False) -> None:
    indexed = {
        "tenant-place": ("tenant", "place"),
        "tenant-status-place": ("tenant_status", "place"),
    }
    secondary = [
        {"IndexName": index, "KeySchema": _schema(*names), **_FOUND_BY}
        for index, names in indexed.items()
    ]
    strings = [*key, "tenant", "tenant_status", "place"] if indices else key
    dynamodb.create_table(
        TableName=name,
        KeySchema=_schema(*key),
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in strings],
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": secondary} if indices else {}),
    )


def _schema(partition: str, sort: str | None = None) -> list[dict[str, str]]:
    schema = [{"AttributeName": partition, "KeyType": "HASH"}]
    return schema + ([{"AttributeName": sort, "KeyType": "RANGE"}] if sort else [])
