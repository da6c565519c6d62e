"""The console's place: a page that shows whether the API is up, and what to try."""

from __future__ import annotations

import html
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Final, Self

_PAGE: Final = Path(__file__).with_name("console.html")


class Console:
    """Serves the page on loopback. To be used as a context."""

    def __init__(self, port: int, api: str, lines: list[str]) -> None:
        self.url = f"http://localhost:{port}"
        page = Template(_PAGE.read_text()).substitute(api=api, lines=html.escape("\n".join(lines)))
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(page.encode()))
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(page: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there = self.path == "/"
            self.send_response(200 if there else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page) if there else 0))
            self.end_headers()
            if there:
                self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
