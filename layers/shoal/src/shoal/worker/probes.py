"""Answers to probes and to Prometheus: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, NamedTuple, Self

from shoal.worker.health import Health

_LOG = logging.getLogger("shoal.worker")
_TEXT: Final = "text/plain; charset=utf-8"
_TIMEOUT_SECONDS: Final = 5.0


class CannotListen(Exception):  # noqa: N818 - says what happened
    """The port for probes is taken, or not ours to take."""


class ProbeResponse(NamedTuple):
    """What one path answers."""

    status: HTTPStatus
    content_type: str
    body: bytes


def routes(
    health: Health, metrics: Callable[[], tuple[str, bytes]]
) -> Mapping[str, Callable[[], ProbeResponse]]:
    """What each path answers, when asked."""
    return {
        "/healthz": lambda: _health_response(health.liveness_problem()),
        "/readyz": lambda: _health_response(health.readiness_problem()),
        "/metrics": lambda: ProbeResponse(HTTPStatus.OK, *metrics()),
    }


def _health_response(trouble: str | None) -> ProbeResponse:
    status = HTTPStatus.OK if trouble is None else HTTPStatus.SERVICE_UNAVAILABLE
    return ProbeResponse(status, _TEXT, f"{trouble or 'ok'}\n".encode())


class Probes:
    """Serves them while it is used as a context; without an address it does nothing."""

    def __init__(
        self, address: tuple[str, int] | None, paths: Mapping[str, Callable[[], ProbeResponse]]
    ) -> None:
        self._address = address
        self._paths = paths
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        if self._address is not None:
            try:
                self._server = _Server(self._address, _handler(self._paths))
            except OSError as error:
                host, port = self._address
                raise CannotListen(f"cannot listen on {host}:{port} for probes: {error}") from error
            threading.Thread(
                target=self._server.serve_forever, name="shoal-probes", daemon=True
            ).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens; 0 if nowhere."""
        return 0 if self._server is None else self._server.server_port


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Tell of it in the log, as of all else."""
        del request
        _LOG.warning("a probe from %s got no answer", client_address, exc_info=True)


def _handler(paths: Mapping[str, Callable[[], ProbeResponse]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _TIMEOUT_SECONDS  # whoever says nothing holds no thread for long

        def do_GET(self) -> None:
            asked = paths.get(self.path.partition("?")[0])
            if asked is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            status, kind, body = asked()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: probes come every few seconds."""

    return Handler
