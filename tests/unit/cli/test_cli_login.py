"""`shoal login` as a process, with a loopback issuer and a browser that follows redirects."""

import base64
import hashlib
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest

from local.twin import free_port

_BROWSER = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"


class _Issuer(BaseHTTPRequestHandler):
    """Verifies PKCE as a real issuer does: each code is valid once, and only with its verifier."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        base = f"http://{self.headers['host']}"
        if url.path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
            self._json(200, {name: f"{base}/{place}" for name, place in places.items()})
            return
        request = dict(parse_qsl(url.query))
        assert (request["response_type"], request["code_challenge_method"]) == ("code", "S256")
        answer = {"state": request["state"]}
        if self.server.rejects:  # type: ignore[attr-defined]
            answer |= {"error": "access_denied", "error_description": "not you"}
        else:
            answer["code"] = secrets.token_urlsafe()
            self.server.codes[answer["code"]] = request  # type: ignore[attr-defined]
        self.send_response(302)
        self.send_header("location", f"{request['redirect_uri']}?{urlencode(answer)}")
        self.end_headers()

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        request = self.server.codes.pop(form["code"], {})  # type: ignore[attr-defined]
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        valid = (
            base64.urlsafe_b64encode(digest).decode().rstrip("=") == request.get("code_challenge")
            and form["redirect_uri"] == request["redirect_uri"]
            and form["client_id"] == request["client_id"] == "me"
        )
        tokens = {"access_token": f"for {request.get('scope')}", "refresh_token": "again"}
        self._json(200, tokens) if valid else self._json(400, {"error": "invalid_grant"})

    def _json(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture
def issuer() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Issuer)
    server.rejects, server.codes = False, {}  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def environment(issuer: Any, folder: Path) -> dict[str, str]:
    (folder / "browser.py").write_text(_BROWSER)
    (folder / "config.toml").write_text(
        'default = "dev"\n[profiles.dev]\napi_url = "http://127.0.0.1:9"\nclient_id = "me"\n'
        f'issuer = "http://127.0.0.1:{issuer.server_port}"\nscopes = ["openid", "shoal/admin"]\n'
    )
    return {
        "PATH": os.defpath,
        "SHOAL_CONFIG": str(folder / "config.toml"),
        "BROWSER": f"{sys.executable} {folder / 'browser.py'} %s",
    }


def login(issuer: Any, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-m", "shoal", "login", "--port", str(free_port()), *words],
        env=environment(issuer, folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_tokens_are_saved_readable_by_their_owner_only(issuer: Any, tmp_path: Path) -> None:
    done = login(issuer, tmp_path)

    saved = tmp_path / "sign-ins" / "dev.json"
    tokens = json.loads(saved.read_text())
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (tokens["access_token"], tokens["refresh_token"]) == ("for openid shoal/admin", "again")
    assert saved.stat().st_mode & 0o077 == 0


def test_rejected_sign_in_prints_the_issuers_description(issuer: Any, tmp_path: Path) -> None:
    issuer.rejects = True

    done = login(issuer, tmp_path)

    assert (done.returncode, "not you" in done.stderr) == (6, True), done.stderr
    assert not (tmp_path / "sign-ins").exists()


def test_login_times_out(issuer: Any, tmp_path: Path) -> None:
    done = login(issuer, tmp_path, "--no-browser", "--timeout", "1")

    assert (done.returncode, "no sign-in within 1 s" in done.stderr) == (6, True)


def test_callback_with_another_state_is_rejected(issuer: Any, tmp_path: Path) -> None:
    waiting = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-m", "shoal", "login", "--port", str(free_port()), "--no-browser"],
        env=environment(issuer, tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    url = waiting.stderr.readline().removeprefix("sign in at ").strip()
    callback = parse_qs(urlsplit(url).query)["redirect_uri"][0]

    theirs = httpx.get(callback, params={"code": "theirs", "state": "theirs"})
    ours = httpx.get(url, follow_redirects=True)

    assert (theirs.status_code, ours.status_code) == (404, 200)
    assert waiting.wait(30) == 0
    assert (tmp_path / "sign-ins" / "dev.json").exists()
