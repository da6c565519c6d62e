"""Authorization and rejected requests, through the real API and its authorizers."""

from typing import Any

import httpx
import pytest

from local.twin import Twin
from tests.twin.polling import ended, eventually

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]


def test_a_request_without_a_token_is_rejected(twin: Twin) -> None:
    assert httpx.get(f"{twin.url}/api/v1/jobs").status_code == 401


def test_a_token_of_another_audience_is_rejected(twin: Twin) -> None:
    token = twin.issuer.token(aud="somebody-else")

    answer = httpx.get(f"{twin.url}/api/v1/jobs", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code in (401, 403)


def test_each_route_requires_its_scope(twin: Twin) -> None:
    token = twin.issuer.token(scopes=["jobs:read"])

    with twin.client_with_token(token) as reader:
        assert reader.get("jobs").status_code == 200
        assert reader.post("inputs").status_code == 403
        assert reader.get("machines").status_code == 403


@pytest.mark.parametrize("groups", [[], ["tenant:a", "tenant:b"]])
def test_a_user_of_no_tenant_or_of_several_is_rejected(twin: Twin, groups: list[str]) -> None:
    claims: dict[str, Any] = {"cognito:groups": groups}

    with twin.client_with_token(twin.issuer.token(**claims)) as stranger:
        answer = stranger.get("jobs")

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:shoal:problem:no-tenant"


def test_a_job_of_another_tenant_is_404(users: httpx.Client, twin: Twin) -> None:
    job = users.post("jobs", json={"task_type": "noop", "count": 1}).json()["id"]

    with twin.api_client(tenant="other") as stranger:
        assert stranger.get(f"jobs/{job}").status_code == 404
        assert stranger.get("jobs").json()["items"] == []


def test_an_administrator_adds_and_removes_a_machine(twin: Twin) -> None:
    with (
        twin.api_client() as admin,
        twin.client_with_token(twin.issuer.machine_token("bot")) as bot,
    ):
        before = bot.get("jobs").status_code
        admin.put("machines/bot", json={"tenant": "default"}).raise_for_status()
        during = bot.get("jobs").status_code
        admin.delete("machines/bot").raise_for_status()
        after = bot.get("jobs").status_code

    assert (before, during, after) == (403, 200, 403)


def test_a_reached_limit_is_429_with_its_name_and_retry_after(twin: Twin) -> None:
    job = {"task_type": "noop", "count": 1}
    with twin.api_client(tenant="small") as small, twin.api_client() as admin:
        admin.put("tenants/small/limits", json={"open_jobs": 0}).raise_for_status()
        refused = small.post("jobs", json=job)
        admin.put("tenants/small/limits", json={"open_jobs": 1}).raise_for_status()
        first = small.post("jobs", json=job)
        ended(small, first.json()["id"])

        def room() -> bool:
            usage: Any = admin.get("tenants/small/limits").json()["usage"]
            return bool(usage == {"open_jobs": 0, "queued_tasks": 0})

        eventually(room)
        second = small.post("jobs", json=job)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    assert refused.json()["errors"][0]["field"] == "open_jobs"
    assert (first.status_code, second.status_code) == (201, 201)


def test_only_administrators_let_machines_in(twin: Twin) -> None:
    with twin.api_client(admin=False) as user:
        assert user.put("machines/bot", json={"tenant": "default"}).status_code == 403


def test_a_user_cannot_lease(users: httpx.Client) -> None:
    answer = users.post("leases", json={"worker": "me", "request_id": "12345678", "chunks": []})

    assert answer.status_code in (401, 403)


def test_health_is_open(twin: Twin) -> None:
    assert httpx.get(f"{twin.url}/api/v1/health").status_code == 200


def test_a_browser_of_the_console_may_call(twin: Twin) -> None:
    origin = f"http://localhost:{twin.plan.console_port}"

    answer = httpx.options(
        f"{twin.url}/api/v1/jobs",
        headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
    )

    assert answer.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"task_type": "unknown", "count": 1}, 422),
        ({"task_type": "noop", "count": 0}, 422),
        ({"task_type": "noop", "count": 1_000_001}, 422),
        ({"task_type": "noop", "count": -1}, 422),
        ({"task_type": "noop"}, 422),
        ({"task_type": "noop", "count": 1, "inputs": [{}]}, 422),
        ({"task_type": "noop", "grid": {"a": {"range": [0, 2_000_000]}}}, 422),
        ({"task_type": "cpu", "inputs": [{"n": "many"}]}, 422),
        ({"task_type": "noop", "count": 1_000_000, "chunk_size": 1}, 422),
    ],
)
def test_an_invalid_request_is_answered_with_a_problem(
    users: httpx.Client, body: dict[str, Any], status: int
) -> None:
    before = users.get("jobs").json()["items"]

    answer = users.post("jobs", json=body)

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["detail"]
    assert users.get("jobs").json()["items"] == before


def test_malformed_json_is_a_problem(users: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}

    answer = users.post("jobs", content=b'{"task_type": ', headers=headers)

    assert answer.status_code == 400


def test_a_key_makes_one_job(users: httpx.Client) -> None:
    headers, body = {"Idempotency-Key": "nightly-1"}, {"task_type": "noop", "count": 5}

    first = users.post("jobs", json=body, headers=headers)
    again = users.post("jobs", json=body, headers=headers)
    other = users.post("jobs", json=body | {"count": 6}, headers=headers)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert ended(users, first.json()["id"])["counts"]["completed"] == 5


def test_an_unchanged_job_is_not_sent_again(users: httpx.Client) -> None:
    job = users.post("jobs", json={"task_type": "noop", "count": 5}).json()
    ended(users, job["id"])
    etag = users.get(f"jobs/{job['id']}").headers["etag"]

    answer = users.get(f"jobs/{job['id']}", headers={"If-None-Match": etag})

    assert answer.status_code == 304


def test_unknown_resources_are_404(users: httpx.Client) -> None:
    nobody = "job_00000000000000000000000000"

    assert users.get(f"jobs/{nobody}").status_code == 404
    assert users.get(f"tasks/{nobody}.0").status_code == 404
    assert users.post(f"jobs/{nobody}/cancel").status_code == 404
