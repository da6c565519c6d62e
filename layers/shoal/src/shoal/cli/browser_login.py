"""Signs a person in: their browser goes to the issuer and comes back to a port of loopback."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from shoal.cli.output import say
from shoal.client.errors import SignInFailed
from shoal.client.oauth import SCOPES, SigningIn
from shoal.client.transport import Wire

if TYPE_CHECKING:
    from shoal.client.profile import Profile

type Said = Mapping[str, str]


def signed_in(profile: Profile, port: int, timeout: float, *, browser: bool) -> None:
    """Sign in at the profile's issuer and keep the tokens; raise SignInFailed."""
    kept = profile.saved_sign_in()
    attempt = SigningIn(
        kept.issuer, kept.client_id, f"http://localhost:{port}/callback", profile.scopes or SCOPES
    )
    wire = Wire()
    try:
        with _called_back(attempt, port) as answers:
            address = wire.run(attempt.address())
            say(f"sign in at {address}")
            if browser:
                webbrowser.open(address)
            try:
                said = answers.get(timeout=timeout)
            except Empty:
                raise SignInFailed(f"nobody signed in within {timeout:g} s") from None
        kept.keep(wire.run(attempt.given(said)))
    finally:
        wire.close()


@contextmanager
def _called_back(attempt: SigningIn, port: int) -> Iterator[SimpleQueue[Said]]:
    """What browsers bring back for this attempt; any other call is refused and changes nothing."""
    answers = SimpleQueue[Said]()

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            said = dict(parse_qsl(url.query))
            ours = url.path == "/callback" and attempt.is_answered_by(said)
            text = b"You may close this page.\n" if ours else b"Nobody waits for this.\n"
            self.send_response(200 if ours else 404)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            if ours:
                answers.put(said)

        def log_message(self, *_: object) -> None:
            """Say nothing: the code is in the path."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Callback)
    except OSError as error:
        raise SignInFailed(f"port {port}, where the browser comes back to, is taken") from error
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
