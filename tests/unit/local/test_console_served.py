"""Tests of the local platform's console server, and of the sign-in at its issuer."""

from __future__ import annotations

import gzip
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import brotli
import httpx
import jwt
import pytest

from local.console import Console
from local.issuer import AUDIENCE, Issuer
from local.twin import free_port

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ORIGIN = "http://localhost:3000"
AUTHORIZATION_REQUEST = {
    "response_type": "code",
    "client_id": AUDIENCE,
    "redirect_uri": ORIGIN,
    "state": "s1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<p>console")
    (tmp_path / "dist" / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret.txt").write_text("no")
    return tmp_path / "dist"


@pytest.fixture
def client(build: Path) -> Iterator[httpx.Client]:
    port = free_port()
    with (
        Console(port, "http://127.0.0.1:8000", "http://127.0.0.1:8001", ["line"], build),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as http_client,
    ):
        yield http_client


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    with Issuer(tmp_path, free_port()) as made:
        yield made


def test_every_path_serves_the_page_with_a_strict_policy(client: httpx.Client) -> None:
    response = client.get("/jobs/job_1?tab=tasks")

    policy = response.headers["Content-Security-Policy"]
    assert (response.status_code, response.text) == (200, "<p>console")
    assert "unsafe" not in policy
    assert "connect-src 'self' http://127.0.0.1:8000 ws://127.0.0.1:8000" in policy


def test_missing_file_is_404(client: httpx.Client) -> None:
    existing, missing = client.get("/assets/a-1.js"), client.get("/assets/a-2.js")

    assert (existing.text, "immutable" in existing.headers["Cache-Control"]) == ("1", True)
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, br;q=1.0", "br"), ("gzip", "gzip"), ("identity", None)]
)
def test_response_has_the_encoding_that_the_browser_accepts(
    client: httpx.Client, accepted: str, encoding: str | None
) -> None:
    with client.stream("GET", "/", headers={"Accept-Encoding": accepted}) as response:
        body = b"".join(response.iter_raw())

    assert response.headers.get("Content-Encoding") == encoding
    decompress = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert decompress(body) == b"<p>console"


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"])
def test_files_outside_the_build_are_not_served(client: httpx.Client, path: str) -> None:
    response = client.send(
        httpx.Request("GET", httpx.URL(str(client.base_url), raw_path=path.encode()))
    )

    assert "no" not in response.text.split()


def test_configuration_contains_api_and_issuer(client: httpx.Client) -> None:
    config = client.get("/config.json").json()

    assert config["api"] == "http://127.0.0.1:8000"
    assert config["issuer"] == "http://127.0.0.1:8001"
    assert config["client_id"] == AUDIENCE


def test_sign_in_with_pkce_returns_a_token_for_the_tenant(issuer: Issuer) -> None:
    tokens = _tokens(issuer, user="ada", tenant="acme")

    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (claims["username"], claims["cognito:groups"]) == ("ada", ["tenant:acme"])


def test_refresh_token_returns_another_access_token(issuer: Issuer) -> None:
    tokens = _tokens(issuer, user="ada", tenant="acme")
    form = {"grant_type": "refresh_token", "client_id": AUDIENCE}

    renewed = httpx.post(
        f"{issuer.url}/token", data={**form, "refresh_token": tokens["refresh_token"]}
    )
    rejected = httpx.post(f"{issuer.url}/token", data={**form, "refresh_token": "unknown"})

    assert (renewed.status_code, rejected.status_code) == (200, 400)


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "w" * 43}, {"client_id": "other"}, {"redirect_uri": f"{ORIGIN}/x"}],
)
def test_code_works_once_and_only_for_the_requesting_client(
    issuer: Issuer, changed: dict[str, str]
) -> None:
    form = _form(issuer, user="you", tenant="default")

    rejected = httpx.post(f"{issuer.url}/token", data={**form, **changed})
    used = httpx.post(f"{issuer.url}/token", data=form)

    assert (rejected.json(), used.json()) == ({"error": "invalid_grant"},) * 2


def test_issuer_does_not_redirect_to_other_hosts(issuer: Issuer) -> None:
    request = {**AUTHORIZATION_REQUEST, "redirect_uri": "https://example.com/"}

    page = httpx.get(f"{issuer.url}/authorize", params=request)
    submitted = httpx.post(f"{issuer.url}/authorize", data={**request, "user": "you"})

    assert (page.status_code, submitted.status_code) == (400, 400)


def _form(issuer: Issuer, **identity: str) -> dict[str, str]:
    """Signs in, and returns the token request for the code."""
    assert (
        'name="state" value="s1"'
        in httpx.get(f"{issuer.url}/authorize", params=AUTHORIZATION_REQUEST).text
    )
    response = httpx.post(f"{issuer.url}/authorize", data={**AUTHORIZATION_REQUEST, **identity})
    redirect = dict(parse_qsl(urlsplit(response.headers["Location"]).query))
    assert redirect["state"] == "s1"
    return {
        "grant_type": "authorization_code",
        "client_id": AUDIENCE,
        "redirect_uri": ORIGIN,
        "code": redirect["code"],
        "code_verifier": VERIFIER,
    }


def _tokens(issuer: Issuer, **identity: str) -> dict[str, str]:
    response = httpx.post(f"{issuer.url}/token", data=_form(issuer, **identity))
    tokens: dict[str, str] = response.json()
    return tokens
