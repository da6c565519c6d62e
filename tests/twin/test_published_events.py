"""The events that a rule on the event bus of the deployment receives."""

import json
from typing import Any

import httpx
import pytest

from local.twin import Twin
from tests.twin.polling import ended, eventually

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]


def test_a_rule_on_the_bus_receives_every_event_of_a_job(twin: Twin, users: httpx.Client) -> None:
    sqs, events = twin.emulator.client("sqs"), twin.emulator.client("events")
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    bus = twin.deployment["EventBusName"]
    pattern = json.dumps({"source": ["shoal"]})
    events.put_rule(Name="listener", EventBusName=bus, EventPattern=pattern)
    events.put_targets(
        Rule="listener", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}]
    )
    heard: list[dict[str, Any]] = []

    job_id = users.post("jobs", json={"task_type": "noop", "count": 10}).json()["id"]
    job = ended(users, job_id)

    def listen() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        heard.extend(json.loads(message["Body"]) for message in answer.get("Messages", ()))
        return any(each["detail-type"] == "Job Completed" for each in heard)

    eventually(listen)
    ours = [each for each in heard if each["detail"]["job_id"] == job_id]
    kinds = {each["detail-type"] for each in ours}
    assert {"Job Submitted", "Job Started", "Job Completed"} <= kinds
    (end,) = {
        each["detail"]["event_id"]: each for each in ours if each["detail-type"] == "Job Completed"
    }.values()
    assert end["source"] == "shoal"
    assert end["detail"]["counts"]["completed"] == 10
    assert end["detail"]["version"] <= job["version"]
