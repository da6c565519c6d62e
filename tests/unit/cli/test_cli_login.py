"""`shoal login` as a process, with an issuer over loopback and a browser that follows redirects."""

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
    """As strict about PKCE as a real one: a code is good once, for who can show its verifier."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        here = f"http://{self.headers['host']}"
        if url.path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
            self._json(200, {name: f"{here}/{place}" for name, place in places.items()})
            return
        asked = dict(parse_qsl(url.query))
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        back = {"state": asked["state"]}
        if self.server.refuses:  # type: ignore[attr-defined]
            back |= {"error": "access_denied", "error_description": "not you"}
        else:
            back["code"] = secrets.token_urlsafe()
            self.server.codes[back["code"]] = asked  # type: ignore[attr-defined]
        self.send_response(302)
        self.send_header("location", f"{asked['redirect_uri']}?{urlencode(back)}")
        self.end_headers()

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        asked = self.server.codes.pop(form["code"], {})  # type: ignore[attr-defined]
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        right = (
            base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked.get("code_challenge")
            and form["redirect_uri"] == asked["redirect_uri"]
            and form["client_id"] == asked["client_id"] == "me"
        )
        given = {"access_token": f"for {asked.get('scope')}", "refresh_token": "again"}
        self._json(200, given) if right else self._json(400, {"error": "invalid_grant"})

    def _json(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def issuer() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Issuer)
    server.refuses, server.codes = False, {}  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def told(issuer: Any, folder: Path) -> dict[str, str]:
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
        env=told(issuer, folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_the_issuer_gives_is_kept_for_the_person_alone(issuer: Any, tmp_path: Path) -> None:
    done = login(issuer, tmp_path)

    kept = tmp_path / "sign-ins" / "dev.json"
    said = json.loads(kept.read_text())
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (said["access_token"], said["refresh_token"]) == ("for openid shoal/admin", "again")
    assert kept.stat().st_mode & 0o077 == 0


def test_a_refusal_is_told_in_the_issuers_words(issuer: Any, tmp_path: Path) -> None:
    issuer.refuses = True

    done = login(issuer, tmp_path)

    assert (done.returncode, "not you" in done.stderr) == (6, True), done.stderr
    assert not (tmp_path / "sign-ins").exists()


def test_who_never_comes_back_is_not_waited_for(issuer: Any, tmp_path: Path) -> None:
    done = login(issuer, tmp_path, "--no-browser", "--timeout", "1")

    assert (done.returncode, "nobody signed in within 1 s" in done.stderr) == (6, True)


def test_a_code_of_somebody_else_is_not_taken(issuer: Any, tmp_path: Path) -> None:
    waiting = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-m", "shoal", "login", "--port", str(free_port()), "--no-browser"],
        env=told(issuer, tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    address = waiting.stderr.readline().removeprefix("sign in at ").strip()
    back = parse_qs(urlsplit(address).query)["redirect_uri"][0]

    theirs = httpx.get(back, params={"code": "theirs", "state": "theirs"})
    ours = httpx.get(address, follow_redirects=True)

    assert (theirs.status_code, ours.status_code) == (404, 200)
    assert waiting.wait(30) == 0
    assert (tmp_path / "sign-ins" / "dev.json").exists()
