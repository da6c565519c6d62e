"""The API's answers as the worker's port understands them."""

import json
from collections.abc import Callable

import httpx
import pytest
from botocore.credentials import Credentials

from shoal.adapters.callbacks import SignedCallbacks
from shoal.wire.worker import Away, LeaseRequest, Refused, TaskTypeOffer, WorkerRegistration
from tests.unit.worker.worker_fakes import JOB

REQUEST = LeaseRequest.model_validate(
    {"worker": "w-1", "request_id": "0123456789", "chunks": [{"job_id": JOB, "chunk": 3}]}
)


def callbacks(answer: Callable[[httpx.Request], httpx.Response]) -> SignedCallbacks:
    """Callbacks whose network is a function from request to answer."""
    client = httpx.Client(transport=httpx.MockTransport(answer))
    keys = Credentials("AKIDEXAMPLE", "secret", "token")
    return SignedCallbacks("https://api.invalid/stage/", "eu-west-1", keys, client, client)


def test_a_call_is_signed_and_its_answer_read() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        lease = {"job_id": JOB, "chunk": 3, "decision": "held", "retry_after": 4, "new": "field"}
        return httpx.Response(200, json={"leases": [lease]})

    got = callbacks(answer).lease(REQUEST)

    (request,) = seen
    assert got.leases[0].retry_after == 4
    assert request.url == "https://api.invalid/stage/api/v1/leases"
    assert "/eu-west-1/execute-api/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "token"
    assert json.loads(request.content)["chunks"] == [{"job_id": JOB, "chunk": 3}]


def test_schemas_go_out_under_their_own_name() -> None:
    bodies: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json={"worker": "w-1", "registered": 1})

    offer = TaskTypeOffer(name="echo", input_schema={"type": "object"})
    callbacks(answer).register(WorkerRegistration(worker="w-1", task_types=[offer]))

    assert bodies[0]["task_types"] == [
        {"name": "echo", "schema": {"type": "object"}, "description": ""}
    ]


@pytest.mark.parametrize(
    ("status", "headers", "retry_after"),
    [(429, {"Retry-After": "7"}, 7.0), (500, {}, None), (503, {"Retry-After": "soon"}, None)],
)
def test_what_may_succeed_later_is_away(
    status: int, headers: dict[str, str], retry_after: float | None
) -> None:
    with pytest.raises(Away) as away:
        callbacks(lambda _: httpx.Response(status, headers=headers)).lease(REQUEST)

    assert away.value.retry_after == retry_after


def test_a_broken_connection_is_away() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Away, match="refused"):
        callbacks(answer).lease(REQUEST)


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_what_can_never_succeed_is_refused(status: int) -> None:
    with pytest.raises(Refused) as refused:
        callbacks(lambda _: httpx.Response(status, text="why")).lease(REQUEST)

    assert refused.value.status == status


def test_an_answer_that_is_not_understood_is_refused() -> None:
    with pytest.raises(Refused, match="not understood"):
        callbacks(lambda _: httpx.Response(200, text="<html>")).lease(REQUEST)


def test_a_part_that_is_there_already_counts_as_uploaded() -> None:
    callbacks(lambda _: httpx.Response(412)).upload("https://s3.invalid/x", {}, b"[]")

    with pytest.raises(Refused):
        callbacks(lambda _: httpx.Response(403)).upload("https://s3.invalid/x", {}, b"[]")


def test_a_download_sends_its_headers_and_no_signature() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(206, content=b"{}")

    body = callbacks(answer).download("https://s3.invalid/x", {"Range": "bytes=0-1"})

    assert body == b"{}"
    assert seen[0].headers["range"] == "bytes=0-1"
    assert "authorization" not in seen[0].headers
