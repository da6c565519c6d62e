"""Serves the console like CloudFront: the built files, the configuration, one page for all paths.

If the console has not been built, it serves a page with example commands and the API's status.
"""

from __future__ import annotations

import gzip
import html
import json
import mimetypes
import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from http.server import ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Final, Self
from urllib.parse import unquote, urlsplit

import brotli

from local.application import ROOT
from local.loopback import Callers, LoopbackHandler, origins

OPENER_POLICY: Final = "same-origin-allow-popups"
"""Lets the console watch the popup in which a user signs in again; other pages cannot watch it."""
BUILT: Final = ROOT / "frontend" / "dist"
_PAGE: Final = Path(__file__).with_name("console.html")
_DIRECTIVES: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self' {connect}",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
_POLICY: Final = "; ".join(_DIRECTIVES)


@dataclass(frozen=True, slots=True)
class StaticResponse:
    """The response for a path."""

    status: int
    content_type: str
    body: bytes
    cache_control: str = "no-cache"


_COMPRESSIBLE: Final = re.compile("text/|javascript|json|svg")
_NOT_FOUND: Final = StaticResponse(404, "text/plain", b"")


class Console:
    """Serves the console on loopback. Use it as a context manager."""

    def __init__(
        self, port: int, api: str, issuer: str, lines: list[str], built: Path = BUILT
    ) -> None:
        self.url = f"http://localhost:{port}"
        page = Template(_PAGE.read_text()).substitute(api=api, lines=html.escape("\n".join(lines)))
        site = _Site(
            built.resolve(),
            StaticResponse(200, "application/json", _config(api, issuer)),
            StaticResponse(200, "text/html; charset=utf-8", page.encode()),
            _POLICY.format(connect=f"{api} {api.replace('http', 'ws', 1)} {issuer}"),
        )
        members = {"site": site, "callers": Callers.of(port, origins(port))}
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", port), type("Handler", (_ConsoleHandler,), members)
        )
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _config(api: str, issuer: str) -> bytes:
    return json.dumps(
        {"api": api, "issuer": issuer, "client_id": "shoal", "stage": "twin"}
    ).encode()


@dataclass(frozen=True, slots=True)
class _Site:
    """Reads files on each request, so that a build becomes visible while the twin runs."""

    built: Path
    config: StaticResponse
    not_built: StaticResponse
    policy: str

    def find(self, path: str) -> StaticResponse:
        if path == "/config.json":
            return self.config
        if not (self.built / "index.html").exists():
            return self.not_built if path == "/" else _NOT_FOUND
        file = (self.built / unquote(path).lstrip("/")).resolve()
        if file.is_relative_to(self.built) and file.is_file():
            return _file_response(file, self.built)
        if "." in path.rsplit("/", 1)[-1]:
            return _NOT_FOUND
        return _file_response(self.built / "index.html", self.built)


def _file_response(file: Path, built: Path) -> StaticResponse:
    """Returns a file. File names in assets/ contain a hash, so browsers may cache them forever."""
    content_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    hashed = file.parent == built / "assets"
    cache_control = "public, max-age=31536000, immutable" if hashed else "no-cache"
    return StaticResponse(200, content_type, file.read_bytes(), cache_control)


@lru_cache(maxsize=200)
def _compressed(body: bytes, encoding: str) -> bytes:
    """Compresses each file once, about as much as CloudFront, which is less than possible."""
    if encoding == "br":
        compressed: bytes = brotli.compress(body, quality=5)
        return compressed
    return gzip.compress(body, mtime=0)


class _ConsoleHandler(LoopbackHandler):
    site: _Site

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        response = self.site.find(urlsplit(self.path).path)
        encoding = self._encoding() if _COMPRESSIBLE.search(response.content_type) else None
        body = _compressed(response.body, encoding) if encoding else response.body
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Vary", "Accept-Encoding")
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.send_header("Cache-Control", response.cache_control)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Opener-Policy", OPENER_POLICY)
        if response is not self.site.not_built:  # that page has an inline script
            self.send_header("Content-Security-Policy", self.site.policy)
        self.end_headers()
        self.wfile.write(body)

    def _encoding(self) -> str | None:
        accepted = {
            each.partition(";")[0].strip()
            for each in self.headers.get("Accept-Encoding", "").split(",")
        }
        return next((each for each in ("br", "gzip") if each in accepted), None)
