"""A receiver on this machine gets the signed event of a job, and again after a failure."""

import json
import time

import httpx
import pytest

from tests.twin.polling import ended, eventually
from tests.unit.webhooks.webhook_receiver import receiving, verified

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]


def test_a_receiver_gets_an_event_and_verifies_it(users: httpx.Client) -> None:
    with receiving() as receiver:
        receiver.answer = 500
        made = users.post("webhooks", json={"url": receiver.url, "events": ["job.completed"]})
        hook = made.json()
        job_id = users.post("jobs", json={"task_type": "noop", "count": 10}).json()["id"]
        job = ended(users, job_id)
        eventually(receiver.heard.is_set)
        receiver.answer = 204

        def arrived() -> bool:
            log = users.get(f"webhooks/{hook['id']}/deliveries").json()["items"]
            return any(each["status_code"] == 204 for each in log)

        eventually(arrived)
        log = users.get(f"webhooks/{hook['id']}/deliveries").json()["items"]
        users.delete(f"webhooks/{hook['id']}")

    assert [each["status_code"] for each in log][-1] == 500
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1
    for headers, body in receiver.came:
        told = json.loads(body)
        assert verified(hook["secret"], headers, body, now=time.time())
        assert (told["type"], told["data"]["job_id"]) == ("job.completed", job["id"])
        assert told["data"]["counts"]["completed"] == 10
