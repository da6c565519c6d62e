"""`/healthz`, `/readyz` and `/metrics` over HTTP, for whoever runs the worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self

from shoal.worker.pulse import Pulse

_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - the kubelet and Prometheus ask from outside the pod
_METRICS_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"


class Health:
    """Serves on a port, any free one if it is 0. To be used as a context."""

    def __init__(
        self, pulse: Pulse, metrics: Callable[[], bytes], port: int, host: str = _EVERYWHERE
    ) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(pulse, metrics))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(pulse: Pulse, metrics: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path:
                case "/healthz":
                    self._say(holds=pulse.alive)
                case "/readyz":
                    self._say(holds=pulse.alive and pulse.ready)
                case "/metrics":
                    self._answer(HTTPStatus.OK, metrics(), _METRICS_TYPE)
                case _:
                    self._answer(HTTPStatus.NOT_FOUND, b"", "text/plain")

        def _say(self, *, holds: bool) -> None:
            status = HTTPStatus.OK if holds else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, b"ok\n" if holds else b"no\n", "text/plain")

        def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: probes come every few seconds."""

    return Handler
