"""Sign in with a browser: open the issuer's page and receive its redirect on a loopback port."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from shoal.cli.output import print_message
from shoal.client.errors import SignInFailed
from shoal.client.oauth import DEFAULT_SCOPES, AuthorizationCodeSignIn
from shoal.client.transport import Transport

if TYPE_CHECKING:
    from shoal.client.profile import Profile


def sign_in(profile: Profile, port: int, timeout: float, *, browser: bool) -> None:
    """Sign in at the profile's issuer and save the tokens; raise SignInFailed."""
    saved = profile.saved_sign_in()
    attempt = AuthorizationCodeSignIn(
        saved.issuer,
        saved.client_id,
        f"http://localhost:{port}/callback",
        profile.scopes or DEFAULT_SCOPES,
    )
    transport = Transport()
    try:
        with _callback_server(attempt, port) as callbacks:
            url = transport.run(attempt.authorization_url())
            print_message(f"sign in at {url}")
            if browser:
                webbrowser.open(url)
            try:
                callback = callbacks.get(timeout=timeout)
            except Empty:
                raise SignInFailed(f"no sign-in within {timeout:g} s") from None
        saved.save(transport.run(attempt.tokens(callback)))
    finally:
        transport.close()


@contextmanager
def _callback_server(
    attempt: AuthorizationCodeSignIn, port: int
) -> Iterator[SimpleQueue[Mapping[str, str]]]:
    """Yield a queue of callbacks of this sign-in attempt. Any other request is rejected."""
    callbacks = SimpleQueue[Mapping[str, str]]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = dict(parse_qsl(url.query))
            accepted = url.path == "/callback" and attempt.has_state_of(query)
            text = b"You can close this page.\n" if accepted else b"Not found.\n"
            self.send_response(200 if accepted else 404)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            if accepted:
                callbacks.put(query)

        def log_message(self, *_: object) -> None:
            """Log nothing: the path contains the authorization code."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise SignInFailed(
            f"cannot listen on port {port}: {error.strerror}; choose another with --port"
        ) from error
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield callbacks
    finally:
        server.shutdown()
        server.server_close()
