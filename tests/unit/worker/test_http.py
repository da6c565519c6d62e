"""POST with libcurl, to a server on this machine."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from shoal.adapters.http import CurlPost, PostResponse
from shoal.wire.worker import RemoteUnavailable


class Server(ThreadingHTTPServer):
    """Responds with the status in the path, and stores the requests."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.ports: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((dict(self.headers), body))
        self.server.ports.append(self.client_address[1])
        self.send_response(503 if self.path == "/busy" else 200)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/busy":
            self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.path == "/close"

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def test_post_sends_the_body_and_returns_the_response(server: Server) -> None:
    body = (
        bytes(range(256)) * 8_000
    )  # contains zeros, and is larger than curl sends without `Expect`

    answer = CurlPost()(f"{server.url}/echo", {"Content-Type": "a/b", "X-Some": "thing"}, body)

    headers, arrived = server.seen[0]
    assert answer == PostResponse(200, body)
    assert arrived == body
    assert (headers["Content-Type"], headers["X-Some"]) == ("a/b", "thing")
    assert "Expect" not in headers


def test_response_contains_retry_after(server: Server) -> None:
    assert CurlPost()(f"{server.url}/busy", {}, b"") == PostResponse(503, b"", 7.0)


def test_connection_is_reused(server: Server) -> None:
    curl = CurlPost()

    curl(server.url, {}, b"1")
    curl(server.url, {}, b"2")

    assert len(set(server.ports)) == 1


def test_closed_connection_is_reopened(server: Server) -> None:
    curl = CurlPost()

    curl(f"{server.url}/close", {}, b"1")

    assert curl(server.url, {}, b"2").body == b"2"
    assert len(set(server.ports)) == 2


def test_refused_connection_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(RemoteUnavailable, match="no response"):
        CurlPost()(f"http://127.0.0.1:{port}", {}, b"")
