"""The console as the twin serves it, and the sign-in of its issuer."""

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
HERE = "http://localhost:3000"
ASKED = {
    "response_type": "code",
    "client_id": AUDIENCE,
    "redirect_uri": HERE,
    "state": "s1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<p>console")
    (tmp_path / "dist" / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret.txt").write_text("no")
    return tmp_path / "dist"


@pytest.fixture
def site(built: Path) -> Iterator[httpx.Client]:
    port = free_port()
    with (
        Console(port, "http://127.0.0.1:8000", "http://127.0.0.1:8001", ["line"], built),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    with Issuer(tmp_path, free_port()) as made:
        yield made


def test_any_address_of_the_console_is_its_page_under_a_strict_policy(site: httpx.Client) -> None:
    answer = site.get("/jobs/job_1?tab=tasks")

    policy = answer.headers["Content-Security-Policy"]
    assert (answer.status_code, answer.text) == (200, "<p>console")
    assert "unsafe" not in policy
    assert "connect-src 'self' http://127.0.0.1:8000 ws://127.0.0.1:8000" in policy


def test_a_file_is_itself_and_a_missing_one_is_404(site: httpx.Client) -> None:
    there, missing = site.get("/assets/a-1.js"), site.get("/assets/a-2.js")

    assert (there.text, "immutable" in there.headers["Cache-Control"]) == ("1", True)
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("accepted", "given"), [("gzip, br;q=1.0", "br"), ("gzip", "gzip"), ("identity", None)]
)
def test_a_page_comes_packed_as_the_browser_takes_it(
    site: httpx.Client, accepted: str, given: str | None
) -> None:
    with site.stream("GET", "/", headers={"Accept-Encoding": accepted}) as answer:
        sent = b"".join(answer.iter_raw())

    assert answer.headers.get("Content-Encoding") == given
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[given]
    assert unpack(sent) == b"<p>console"


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"])
def test_nothing_beside_the_built_files_is_served(site: httpx.Client, path: str) -> None:
    answer = site.send(httpx.Request("GET", httpx.URL(str(site.base_url), raw_path=path.encode())))

    assert "no" not in answer.text.split()


def test_the_configuration_names_api_and_issuer(site: httpx.Client) -> None:
    told = site.get("/config.json").json()

    assert told["api"] == "http://127.0.0.1:8000"
    assert told["issuer"] == "http://127.0.0.1:8001"
    assert told["client_id"] == AUDIENCE


def test_who_signs_in_by_code_and_proof_gets_a_token_of_their_tenant(issuer: Issuer) -> None:
    tokens = _tokens(issuer, user="ada", tenant="acme")

    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (claims["username"], claims["cognito:groups"]) == ("ada", ["tenant:acme"])


def test_a_refresh_token_gives_another_access_token(issuer: Issuer) -> None:
    tokens = _tokens(issuer, user="ada", tenant="acme")
    form = {"grant_type": "refresh_token", "client_id": AUDIENCE}

    again = httpx.post(
        f"{issuer.url}/token", data={**form, "refresh_token": tokens["refresh_token"]}
    )
    wrong = httpx.post(f"{issuer.url}/token", data={**form, "refresh_token": "made up"})

    assert (again.status_code, wrong.status_code) == (200, 400)


@pytest.mark.parametrize(
    "changed", [{"code_verifier": "w" * 43}, {"client_id": "other"}, {"redirect_uri": f"{HERE}/x"}]
)
def test_a_code_is_good_once_and_only_for_who_asked(
    issuer: Issuer, changed: dict[str, str]
) -> None:
    form = _form(issuer, user="you", tenant="default")

    refused = httpx.post(f"{issuer.url}/token", data={**form, **changed})
    used_up = httpx.post(f"{issuer.url}/token", data=form)

    assert (refused.json(), used_up.json()) == ({"error": "invalid_grant"},) * 2


def test_nobody_is_sent_away_from_this_machine(issuer: Issuer) -> None:
    asked = {**ASKED, "redirect_uri": "https://example.com/"}

    page = httpx.get(f"{issuer.url}/authorize", params=asked)
    entered = httpx.post(f"{issuer.url}/authorize", data={**asked, "user": "you"})

    assert (page.status_code, entered.status_code) == (400, 400)


def _form(issuer: Issuer, **who: str) -> dict[str, str]:
    """Sign in as a browser does; what the console then sends for its code."""
    assert 'name="state" value="s1"' in httpx.get(f"{issuer.url}/authorize", params=ASKED).text
    entered = httpx.post(f"{issuer.url}/authorize", data={**ASKED, **who})
    back = dict(parse_qsl(urlsplit(entered.headers["Location"]).query))
    assert back["state"] == "s1"
    return {
        "grant_type": "authorization_code",
        "client_id": AUDIENCE,
        "redirect_uri": HERE,
        "code": back["code"],
        "code_verifier": VERIFIER,
    }


def _tokens(issuer: Issuer, **who: str) -> dict[str, str]:
    answer = httpx.post(f"{issuer.url}/token", data=_form(issuer, **who))
    tokens: dict[str, str] = answer.json()
    return tokens
