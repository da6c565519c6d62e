"""Many equal concurrent submits, half of whose answers are lost: one job, one execution."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.twin import Twin
from tests.twin.polling import eventually

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

SUBMITS = 50
KEY = "equal-submits"
BODY = {"task_type": "noop", "count": 20, "name": KEY}


def test_concurrent_equal_submits_create_one_job_and_one_execution(
    twin: Twin, users: httpx.Client
) -> None:
    with ThreadPoolExecutor(SUBMITS) as pool:
        tries = pool.map(lambda n: deaf(twin) if n % 2 else heard(twin), range(SUBMITS))
        answers = [answer for answer in tries if answer is not None]

    assert len(answers) == SUBMITS // 2
    assert {answer.status_code for answer in answers} == {201}, [a.text for a in answers]
    (job_id,) = {answer.json()["id"] for answer in answers}
    eventually(lambda: users.get(f"jobs/{job_id}").json()["status"] == "COMPLETED")
    assert [job["id"] for job in jobs_named(users, KEY)] == [job_id]
    assert executions(twin, job_id) == 1

    other = users.post("jobs", json={**BODY, "count": 21}, headers={"Idempotency-Key": KEY})
    assert other.status_code == 409, other.text


def heard(twin: Twin) -> httpx.Response:
    with twin.api_client() as client:
        return client.post("jobs", json=BODY, headers={"Idempotency-Key": KEY})


def deaf(twin: Twin) -> None:
    """Send the submit, and close the connection before the answer."""
    at = urlsplit(twin.url)
    body = json.dumps(BODY).encode()
    lines = (
        f"POST {at.path}/api/v1/jobs HTTP/1.1",
        f"Host: {at.netloc}",
        f"Authorization: Bearer {twin.issuer.token()}",
        f"Idempotency-Key: {KEY}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    with socket.create_connection((at.hostname, at.port), timeout=60) as line:
        line.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def jobs_named(users: httpx.Client, name: str) -> list[dict[str, Any]]:
    return [job for job in users.get("jobs").json()["items"] if job["name"] == name]


def executions(twin: Twin, job_id: str) -> int:
    answer = twin.emulator.client("stepfunctions").list_executions(
        stateMachineArn=twin.deployment["StateMachineArn"], maxResults=1_000
    )
    return sum(job_id in each["name"] for each in answer["executions"])
