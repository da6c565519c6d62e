"""Clients of AWS retry single failures, and do not make a throttled service busier."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import ClientError

from shoal.bootstrap.clients import LazyClient


class Service(ThreadingHTTPServer):
    """A DynamoDB that responds with the next errors, then without one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.errors: list[str] = []
        self.calls: Counter[str] = Counter()
        """Calls by operation: the SDK repeats an operation under the same invocation id."""


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls[self.headers["amz-sdk-invocation-id"]] += 1
        error = self.server.errors.pop(0) if self.server.errors else None
        body = json.dumps({} if error is None else {"__type": error, "message": ""}).encode()
        self.send_response(200 if error is None else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests short."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with Service() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def client(service: Service) -> LazyClient:
    return LazyClient("dynamodb", endpoint=f"http://127.0.0.1:{service.server_port}")


def read(client: LazyClient) -> None:
    client.get_item(TableName="jobs", Key={"id": {"S": "1"}})


def test_a_call_that_is_throttled_once_succeeds(service: Service, client: LazyClient) -> None:
    service.errors = ["ThrottlingException"]

    read(client)

    assert [*service.calls.values()] == [2]


def test_calls_are_not_repeated_while_the_service_throttles(
    service: Service, client: LazyClient
) -> None:
    service.errors = ["ThrottlingException"] * 9

    for _ in range(7):
        with pytest.raises(ClientError, match="Throttling"):
            read(client)

    assert [*service.calls.values()] == [3, 1, 1, 1, 1, 1, 1]
    assert service.errors == []


def test_a_rejected_request_does_not_stop_retries(service: Service, client: LazyClient) -> None:
    service.errors = ["ValidationException", "ThrottlingException"]

    with pytest.raises(ClientError, match="Validation"):
        read(client)
    read(client)

    assert [*service.calls.values()] == [1, 2]
