"""Responses of the API as the port of the worker returns them."""

import json
from collections.abc import Callable

import httpx
import pytest

from shoal.adapters.callbacks import SignedCallbacks
from shoal.adapters.http import PostResponse
from shoal.wire.worker import (
    EffectRequest,
    LeaseRequest,
    RemoteRejected,
    RemoteUnavailable,
    TaskTypeOffer,
    WorkerRegistration,
)
from tests.unit.worker.worker_fakes import JOB

REQUEST = LeaseRequest.model_validate(
    {"worker": "w-1", "request_id": "0123456789", "chunks": [{"job_id": JOB, "chunk": 3}]}
)


def callbacks(answer: PostResponse, seen: list[tuple[str, bytes]] | None = None) -> SignedCallbacks:
    """Returns callbacks with the same response to every call."""

    def post(url: str, headers: dict[str, str], body: bytes) -> PostResponse:
        assert headers == {"Content-Type": "application/json"}
        if seen is not None:
            seen.append((url, body))
        return answer

    return SignedCallbacks("https://api.invalid/stage/", post, httpx.Client())


def stored(answer: Callable[[httpx.Request], httpx.Response]) -> SignedCallbacks:
    """Returns callbacks with a function as the storage."""
    storage = httpx.Client(transport=httpx.MockTransport(answer))
    return SignedCallbacks("https://api.invalid", lambda *_: PostResponse(500, b""), storage)


def test_call_uses_the_stage_and_returns_the_response() -> None:
    seen: list[tuple[str, bytes]] = []
    lease = {"job_id": JOB, "chunk": 3, "decision": "held", "retry_after": 4, "new": "field"}
    answer = PostResponse(200, json.dumps({"leases": [lease]}).encode())

    got = callbacks(answer, seen).lease(REQUEST)

    ((url, body),) = seen
    assert got.leases[0].retry_after == 4
    assert url == "https://api.invalid/stage/api/v1/leases"
    assert json.loads(body)["chunks"] == [{"job_id": JOB, "chunk": 3}]


def test_schema_is_sent_under_its_alias() -> None:
    seen: list[tuple[str, bytes]] = []
    offer = TaskTypeOffer(name="echo", input_schema={"type": "object"})
    answer = PostResponse(200, b'{"worker": "w-1", "registered": 1}')

    callbacks(answer, seen).register(WorkerRegistration(worker="w-1", task_types=[offer]))

    assert json.loads(seen[0][1])["task_types"] == [
        {"name": "echo", "schema": {"type": "object"}, "description": ""}
    ]


def test_effect_without_a_value_is_sent_as_null() -> None:
    seen: list[tuple[str, bytes]] = []
    place = {"worker": "w-1", "job_id": JOB, "chunk": 0, "epoch": 1, "index": 0, "key": "mail"}
    request = EffectRequest.model_validate({**place, "effect": {"value": None}})

    callbacks(PostResponse(200, b'{"effect": {"value": null}}'), seen).effect(request)

    assert json.loads(seen[0][1])["effect"] == {"value": None}


@pytest.mark.parametrize(
    ("answer", "retry_after"),
    [
        (PostResponse(429, b"", 7.0), 7.0),
        (PostResponse(500, b""), None),
        (PostResponse(503, b"", 86_400.0), 300.0),
    ],
)
def test_retryable_responses_are_unavailable(
    answer: PostResponse, retry_after: float | None
) -> None:
    with pytest.raises(RemoteUnavailable) as away:
        callbacks(answer).lease(REQUEST)

    assert away.value.retry_after == retry_after


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_client_errors_are_rejected(status: int) -> None:
    with pytest.raises(RemoteRejected) as refused:
        callbacks(PostResponse(status, b"why")).lease(REQUEST)

    assert refused.value.status == status


def test_invalid_response_is_rejected() -> None:
    with pytest.raises(RemoteRejected, match="invalid response"):
        callbacks(PostResponse(200, b"<html>")).lease(REQUEST)


def test_existing_part_counts_as_uploaded() -> None:
    stored(lambda _: httpx.Response(412)).upload("https://s3.invalid/x", {}, b"[]")

    with pytest.raises(RemoteRejected):
        stored(lambda _: httpx.Response(403)).upload("https://s3.invalid/x", {}, b"[]")


def test_download_sends_headers_without_a_signature() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(206, content=b"{}")

    body = stored(answer).download("https://s3.invalid/x", {"Range": "bytes=0-1"})

    assert body == b"{}"
    assert seen[0].headers["range"] == "bytes=0-1"
    assert "authorization" not in seen[0].headers


def test_unreachable_storage_is_unavailable() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(RemoteUnavailable, match="refused"):
        stored(answer).download("https://s3.invalid/x", {})
