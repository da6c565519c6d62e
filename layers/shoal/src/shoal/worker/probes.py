"""The HTTP endpoint for probes and Prometheus: `/healthz`, `/readyz`, `/metrics`."""

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
_STOP_SECONDS: Final = 0.05
"""The server looks for a stop this often, so a worker exits this much later at most."""


class CannotListen(Exception):  # noqa: N818 - named after the event
    """The port for probes is in use, or the worker may not bind to it."""


class ProbeResponse(NamedTuple):
    """A response."""

    status: HTTPStatus
    content_type: str
    body: bytes


def routes(
    health: Health, metrics: Callable[[], tuple[str, bytes]]
) -> Mapping[str, Callable[[], ProbeResponse]]:
    """Returns a function for each path that computes its response."""
    return {
        "/healthz": lambda: _health_response(health.liveness_problem()),
        "/readyz": lambda: _health_response(health.readiness_problem()),
        "/metrics": lambda: ProbeResponse(HTTPStatus.OK, *metrics()),
    }


def _health_response(trouble: str | None) -> ProbeResponse:
    status = HTTPStatus.OK if trouble is None else HTTPStatus.SERVICE_UNAVAILABLE
    return ProbeResponse(status, _TEXT, f"{trouble or 'ok'}\n".encode())


class Probes:
    """Serves the probes as a context manager. Without an address it does nothing."""

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
                target=self._server.serve_forever,
                args=(_STOP_SECONDS,),
                name="shoal-probes",
                daemon=True,
            ).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def port(self) -> int:
        """The port; 0 if the probes are disabled."""
        return 0 if self._server is None else self._server.server_port


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Logs the error as JSON like all other errors."""
        del request
        _LOG.warning("failed to respond to a probe from %s", client_address, exc_info=True)


def _handler(paths: Mapping[str, Callable[[], ProbeResponse]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _TIMEOUT_SECONDS  # an idle connection must not occupy a thread

        def do_GET(self) -> None:
            respond = paths.get(self.path.partition("?")[0])
            if respond is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            status, content_type, body = respond()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Does not log requests: probes arrive every few seconds."""

    return Handler
