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
from shoal.client.oauth import DEFAULT_SCOPES, AuthorizationCodeSignIn
from shoal.client.transport import Transport

if TYPE_CHECKING:
    from shoal.client.profile import Profile

type Said = Mapping[str, str]


def signed_in(profile: Profile, port: int, timeout: float, *, browser: bool) -> None:
    """Sign in at the profile's issuer and keep the tokens; raise SignInFailed."""
    kept = profile.saved_sign_in()
    attempt = AuthorizationCodeSignIn(
        kept.issuer,
        kept.client_id,
        f"http://localhost:{port}/callback",
        profile.scopes or DEFAULT_SCOPES,
    )
    transport = Transport()
    try:
        with _called_back(attempt, port) as answers:
            address = transport.run(attempt.authorization_url())
            say(f"sign in at {address}")
            if browser:
                webbrowser.open(address)
            try:
                said = answers.get(timeout=timeout)
            except Empty:
                raise SignInFailed(f"nobody signed in within {timeout:g} s") from None
        kept.save(transport.run(attempt.tokens(said)))
    finally:
        transport.close()


@contextmanager
def _called_back(attempt: AuthorizationCodeSignIn, port: int) -> Iterator[SimpleQueue[Said]]:
    """What browsers bring back for this attempt; any other call is refused and changes nothing."""
    answers = SimpleQueue[Said]()

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            said = dict(parse_qsl(url.query))
            ours = url.path == "/callback" and attempt.has_state_of(said)
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
