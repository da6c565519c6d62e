"""A receiver on the loopback, and the check that the specification asks of it."""

import base64
import hashlib
import hmac
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

type Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Receiver:
    """The received requests, and the answer: a status or a function."""

    url: str = ""
    port: int = 0
    answer: int | Answer = 204
    came: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)


def verified(secret: str, headers: Mapping[str, str], body: bytes, *, now: float) -> bool:
    """Return whether a signature has this secret and the timestamp is recent."""
    stamp = headers["webhook-timestamp"]
    if abs(now - int(stamp)) > 300:
        return False
    signed = b".".join([headers["webhook-id"].encode(), stamp.encode(), body])
    key = base64.b64decode(secret.split("_", 1)[1])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [each.partition(",") for each in headers["webhook-signature"].split(" ")]
    return any(v == "v1" and hmac.compare_digest(mac, expected) for v, _, mac in given)


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver at http://127.0.0.1, or at https with a server's TLS context."""
    receiver = Receiver()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.heard.set()
            if not isinstance(receiver.answer, int):
                receiver.answer(self)
                return
            self.send_response(receiver.answer)
            self.send_header("content-length", "0")
            self.send_header("location", f"{receiver.url}/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Ignore a client that closes the connection."""

    server = Server(("127.0.0.1", 0), Door)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_port
    receiver.url = f"http{'' if context is None else 's'}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
