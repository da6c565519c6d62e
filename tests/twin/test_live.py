"""Updates of jobs as they move, over a real WebSocket, on the real template."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect

from local import meter
from local.twin import Twin
from shoal.client import AsyncShoal, Shoal
from tests.twin.polling import ENDED, eventually

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

type Json = Any


@contextmanager
def listening(users: httpx.Client, job: str | None = None) -> Iterator[ClientConnection]:
    """A socket that is subscribed to a job, or to all of the tenant."""
    with opened(users) as socket:
        words = {"action": "subscribe"} | ({} if job is None else {"job": job})
        assert said(socket, words) == {"type": "subscribed", "job_id": job}
        yield socket


def opened(users: httpx.Client) -> ClientConnection:
    answer = users.post("live-tickets")
    assert answer.status_code == 201, answer.text
    return connect(address(answer.json()), open_timeout=60)  # a cold start on a busy machine


def address(ticket: Json) -> str:
    return f"{ticket['url']}?ticket={ticket['ticket']}"


def said(socket: ClientConnection, words: Json) -> Json:
    socket.send(json.dumps(words))
    return heard(socket)


def heard(socket: ClientConnection) -> Json:
    return json.loads(socket.recv(timeout=60))


def to_the_end(socket: ClientConnection, job: str) -> list[Json]:
    """The deltas of a job until it has ended."""
    deltas: list[Json] = []
    while not deltas or deltas[-1]["status"] not in ENDED:
        delta = heard(socket)
        if delta["job_id"] == job:
            deltas.append(delta)
    return deltas


def submitted(users: httpx.Client, **spec: Any) -> str:
    answer = users.post("jobs", json=spec)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def shown(users: httpx.Client, job: str) -> Json:
    return users.get(f"jobs/{job}").json()


def slow(users: httpx.Client, seconds: int = 4) -> str:
    """Submit a job that makes progress for at least this many seconds."""
    spec = {"chunk_size": 2, "params": {"delay": 0.2}, "max_parallelism": 4}
    return submitted(users, task_type="io", count=10 * seconds, **spec)


def test_a_subscriber_receives_a_job_to_its_end_with_growing_versions(users: httpx.Client) -> None:
    job = slow(users)

    with listening(users, job) as socket:
        deltas = to_the_end(socket, job)

    versions = [delta["version"] for delta in deltas]
    assert len(deltas) >= 2  # a busy platform may take a second or two to begin
    assert versions == sorted(set(versions))
    assert [delta["previous"] for delta in deltas[1:]] == versions[:-1]
    end = shown(users, job)
    assert (deltas[-1]["version"], deltas[-1]["counts"]) == (end["version"], end["counts"])


def test_a_tenant_subscription_includes_later_jobs(
    users: httpx.Client,
) -> None:
    with listening(users) as socket:
        job = submitted(users, task_type="noop", count=10)

        deltas = to_the_end(socket, job)

    assert deltas[-1]["counts"]["completed"] == 10


def test_a_subscriber_detects_missed_deltas_by_a_gap_in_versions(users: httpx.Client) -> None:
    job = slow(users, seconds=12)
    with listening(users, job) as socket:
        known = shown(users, job)["version"]
        assert said_in_order(socket, {"action": "unsubscribe", "job": job}) == "unsubscribed"
        with listening(users, job) as other:
            while heard(other)["version"] <= known:
                pass
            heard(other)
            assert said_in_order(socket, {"action": "subscribe", "job": job}) == "subscribed"
            later = heard(socket)

    assert later["previous"] is not None
    assert later["previous"] > known
    assert shown(users, job)["version"] >= later["version"]


def said_in_order(socket: ClientConnection, words: Json) -> str:
    """The type of the answer, past deltas that were on their way."""
    answer = said(socket, words)
    while answer["type"] == "delta":
        answer = heard(socket)
    return str(answer["type"])


def test_a_reconnected_subscriber_receives_later_deltas(users: httpx.Client) -> None:
    job = slow(users)
    with listening(users, job) as socket:
        first = heard(socket)

    with listening(users, job) as socket:
        rest = to_the_end(socket, job)

    assert rest[0]["version"] > first["version"]
    assert rest[-1]["status"] == "COMPLETED"


def test_the_python_client_receives_deltas_instead_of_polling(
    twin: Twin, users: httpx.Client
) -> None:
    job = slow(users, seconds=8)
    asked: list[str] = []
    with (
        httpx.Client(timeout=60, event_hooks={"request": [noting(asked)]}) as http,
        Shoal(twin.url, twin.issuer.token(), http=http) as shoal,
    ):
        told = [event.status for event in shoal.job(job).watch()]

    assert told[-1] == "COMPLETED"
    assert_heard(asked)


def test_the_async_python_client_receives_deltas(twin: Twin, users: httpx.Client) -> None:
    job = slow(users, seconds=8)
    asked: list[str] = []

    async def watched() -> list[str]:
        async def note(request: httpx.Request) -> None:
            noting(asked)(request)

        async with (
            httpx.AsyncClient(timeout=60, event_hooks={"request": [note]}) as http,
            AsyncShoal(twin.url, twin.issuer.token(), http=http) as shoal,
        ):
            return [event.status async for event in (await shoal.job(job)).watch()]

    assert asyncio.run(watched())[-1] == "COMPLETED"
    assert_heard(asked)


def noting(asked: list[str]) -> Callable[[httpx.Request], None]:
    return lambda request: asked.append(request.url.path.rpartition("/")[2])


def assert_heard(asked: list[str]) -> None:
    """After the ticket one asked at most three times: once subscribed, after a gap, at the end."""
    assert asked.count("live-tickets") == 1
    assert len(asked[asked.index("live-tickets") + 1 :]) <= 3, asked


def test_a_subscription_to_a_job_of_another_tenant_is_rejected(
    twin: Twin, users: httpx.Client
) -> None:
    job = slow(users)

    with twin.api_client(tenant="other") as others, listening(others) as theirs:
        answer = said(theirs, {"action": "subscribe", "job": job})
        with listening(users, job) as own:
            to_the_end(own, job)
        pong = said(theirs, {"action": "ping"})

    assert (answer["type"], answer["status"]) == ("error", 404)
    assert pong == {"type": "pong"}  # and no delta before it


def test_a_ticket_opens_one_connection(users: httpx.Client) -> None:
    ticket = users.post("live-tickets").json()

    with connect(address(ticket)) as socket:
        assert said(socket, {"action": "ping"}) == {"type": "pong"}
        with pytest.raises(InvalidStatus):
            connect(address(ticket))


def test_a_connection_without_a_ticket_calls_no_function(users: httpx.Client) -> None:
    ticket = users.post("live-tickets").json()

    answers = [refused(ticket["url"] + query) for query in ("", "?ticket=", "?tickets=guess")]

    assert [(each.status_code, message_of(each)) for each in answers] == 3 * [(401, "Unauthorized")]


def test_a_forged_ticket_is_denied_by_the_authorizer(twin: Twin, users: httpx.Client) -> None:
    ticket = users.post("live-tickets").json()
    payload, _, signature = ticket["ticket"].partition(".")
    before = ticket_writes(twin)

    forged = ("guess", "0" * 40, f"{payload}.{signature[::-1]}", f"{payload[:-4]}AAAA.{signature}")
    answers = [refused(address(ticket | {"ticket": each})) for each in forged]

    assert [each.status_code for each in answers] == 4 * [403]
    assert all("not authorized" in message_of(each) for each in answers)
    assert ticket_writes(twin) == before
    with connect(address(ticket), open_timeout=60) as socket:  # the original is not used up
        assert said(socket, {"action": "ping"}) == {"type": "pong"}
    assert ticket_writes(twin) == before + 1


def test_a_ticket_of_a_rotated_key_opens_a_connection(twin: Twin, users: httpx.Client) -> None:
    """The API signs with the old key until it reads the new one; both are accepted."""
    secrets = twin.emulator.client("secretsmanager")
    (key,) = [each for each in secrets.list_secrets()["SecretList"] if "Ticket" in each["Name"]]
    secrets.put_secret_value(SecretId=key["ARN"], SecretString="another key")

    with opened(users) as socket:
        assert said(socket, {"action": "ping"}) == {"type": "pong"}


def refused(url: str) -> Response:
    with pytest.raises(InvalidStatus) as caught:
        connect(url, open_timeout=60)
    return caught.value.response


def message_of(response: Response) -> str:
    return str(json.loads(response.body or b"{}").get("message"))


def ticket_writes(twin: Twin) -> int:
    """The writes of used tickets since the twin started."""
    writes = httpx.get(f"{twin.url}{meter.PATH}").json()["dynamodb.writes"]
    return sum(int(count) for place, count in writes.items() if "live-ticket" in place)


def test_nothing_is_left_of_a_connection_that_closed(twin: Twin, users: httpx.Client) -> None:
    job = submitted(users, task_type="noop", count=1)
    with listening(users, job):
        assert rows(twin, f"live-topic#default#{job}") == 1

    eventually(lambda: rows(twin, f"live-topic#default#{job}") == 0)


def rows(twin: Twin, partition: str) -> int:
    answer = twin.emulator.client("dynamodb").query(
        TableName=twin.deployment["RegistryTableName"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition}},
    )
    return int(answer["Count"])
