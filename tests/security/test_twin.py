"""The twin refuses foreign pages, host names, keys and signatures."""

from __future__ import annotations

import json
import socket
import stat
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from local.console import Console
from local.emulator import REGION, Emulator, Keys, root_keys
from local.issuer import AUDIENCE, Issuer
from local.loopback import CONTAINER_HOST, origins
from local.twin import free_port

pytestmark = pytest.mark.timeout(60)

HTTP = httpx.Client()
CONSOLE_PORT = 3000
EVIL = "http://evil.example"
FOREIGN_ORIGINS = (
    EVIL,
    "null",
    "",
    "http://localhost",
    "http://localhost:3001",
    "https://localhost:3000",
    "http://localhost:3000.evil.example",
    "http://evil.example:3000",
    "http://[::1]:3000",
)
FOREIGN_HOSTS = (
    "evil.example",
    "evil.example:{port}",
    "localhost.evil.example:{port}",
    "localhost",
    "127.0.0.1:1",
    "127.0.0.2:{port}",
    "0.0.0.0:{port}",
    "localhost:{port}.evil.example",
    "lambda.us-east-1.amazonaws.com",
    "bucket.s3.localhost:{port}",
)
REQUESTS = (
    ("GET", "/api/v1/health"),
    ("POST", "/api/v1/jobs"),
    ("OPTIONS", "/api/v1/jobs"),
    ("OPTIONS", "/"),
    ("POST", "/"),
    ("GET", "/_ministack/health"),
    ("POST", "/_ministack/reset"),
    ("GET", "/_shoal/iam"),
    ("GET", "/_aws/execute-api/a/$default/api/v1/health"),
    ("PUT", "/bucket/key?X-Amz-Signature=0"),
    ("POST", "/2015-03-31/functions/f/invocations"),
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    home, port = tmp_path_factory.mktemp("twin"), free_port()
    with Emulator(home, port, origins=origins(CONSOLE_PORT)) as running:
        running.client("s3").create_bucket(Bucket="bucket")
        yield running


@pytest.fixture(scope="module")
def servers(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Return the addresses of the emulator, of the issuer and of the console."""
    issuer_port, port = free_port(), free_port()
    with (
        Issuer(tmp_path_factory.mktemp("issuer"), issuer_port, console_port=port) as issuer,
        Console(port, emulator.url, issuer.url, []) as console,
    ):
        yield [emulator.url, issuer.url, console.url]


def refused(emulator: Emulator, keys: Keys, **options: Any) -> str:
    """Return the message for a request with these keys, which must be refused."""
    functions = boto3.client(
        "lambda",
        region_name=REGION,
        endpoint_url=emulator.url,
        aws_access_key_id=keys.access,
        aws_secret_access_key=keys.secret,
        config=Config(retries={"total_max_attempts": 1}),
        **options,
    )
    with pytest.raises(ClientError) as error:
        functions.list_functions()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return str(error.value)


def signed(emulator: Emulator, method: str, path: str, body: str = "", host: str = "") -> Any:
    """Return a request with the signature of the root key."""
    headers = {"Host": host} if host else {}
    request = AWSRequest(method, emulator.url + path, data=body, headers=headers)
    root = Credentials(emulator.root.access, emulator.root.secret)
    SigV4Auth(root, "lambda", REGION).add_auth(request)
    return request


# Pages


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_page_of_a_foreign_origin_is_refused(
    emulator: Emulator, method: str, path: str, origin: str
) -> None:
    answer = HTTP.request(method, emulator.url + path, headers={"Origin": origin})

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_name_that_resolves_to_loopback_is_refused(
    emulator: Emulator, method: str, path: str, host: str
) -> None:
    headers = {"Host": host.format(port=emulator.port)}

    answer = HTTP.request(method, emulator.url + path, headers=headers)

    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/", "/token", "/authorize", "/config.json", "/api/v1/health"])
@pytest.mark.parametrize(
    "headers", [{"Origin": EVIL}, {"Origin": "null"}, {"Host": "evil.example"}]
)
def test_each_server_of_the_twin_refuses_foreign_pages(
    servers: list[str], path: str, headers: dict[str, str]
) -> None:
    statuses = {
        HTTP.request(method, server + path, headers=headers).status_code
        for server in servers
        for method in ("GET", "POST")
    }

    assert statuses == {403}


def test_foreign_page_cannot_invoke_a_function_even_with_a_valid_signature(
    emulator: Emulator,
) -> None:
    request = signed(emulator, "GET", "/2015-03-31/functions/")
    headers = dict(request.headers)

    own = HTTP.get(request.url, headers=headers)
    foreign = HTTP.get(request.url, headers={**headers, "Origin": EVIL})

    assert (own.status_code, foreign.status_code) == (200, 403)


def test_console_may_call_and_is_named_in_the_response(emulator: Emulator) -> None:
    origin = origins(CONSOLE_PORT)[0]
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}

    answers = [
        HTTP.get(f"{emulator.url}/_ministack/health", headers=headers),
        HTTP.options(f"{emulator.url}/2015-03-31/functions/", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    ("host", "origin"), [("127.0.0.1", EVIL), ("127.0.0.1", "null"), ("evil.example", None)]
)
def test_web_socket_of_a_foreign_page_is_refused(
    emulator: Emulator, host: str, origin: Any
) -> None:
    url = f"ws://{host}:{emulator.port}/_aws/execute-api/a/live"

    with (
        socket.create_connection(("127.0.0.1", emulator.port)) as line,
        pytest.raises(InvalidStatus) as error,
        connect(url, sock=line, origin=origin),
    ):
        pass

    assert error.value.response.status_code == 403


# Keys and signatures


@pytest.mark.parametrize("access", ["shoaltwin", "test", "000000000000", "123456789012", "AKIA"])
def test_constant_key_is_refused(emulator: Emulator, access: str) -> None:
    refused(emulator, Keys(access, access))


def test_signature_with_another_secret_is_refused(emulator: Emulator) -> None:
    assert "signature" in refused(emulator, Keys(emulator.root.access, "another"))


def test_root_key_with_a_session_token_is_refused(emulator: Emulator) -> None:
    refused(emulator, emulator.root, aws_session_token="token")  # noqa: S106 - not a token


@pytest.mark.parametrize(
    "path", ["/2015-03-31/functions/", "/bucket", "/bucket/key", "/restapis/a"]
)
def test_request_without_a_signature_is_refused(emulator: Emulator, path: str) -> None:
    statuses = {HTTP.request(m, emulator.url + path).status_code for m in ("GET", "PUT", "POST")}

    assert statuses == {403}


def test_signature_covers_the_body_and_the_path(emulator: Emulator) -> None:
    request = signed(emulator, "POST", "/2015-03-31/functions/a/invocations", "{}")
    headers = dict(request.headers)

    changed = [
        HTTP.post(request.url, headers=headers, content="[]"),
        HTTP.post(request.url.replace("/a/", "/b/"), headers=headers, content="{}"),
        HTTP.post(f"{request.url}?Qualifier=1", headers=headers, content="{}"),
    ]

    assert [answer.status_code for answer in changed] == [403, 403, 403]


def test_header_that_names_two_keys_is_refused(emulator: Emulator) -> None:
    iam = emulator.client("iam")
    iam.create_user(UserName="limited")
    made = iam.create_access_key(UserName="limited")["AccessKey"]
    request: Any = AWSRequest("GET", f"{emulator.url}/2015-03-31/functions/")
    limited = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    SigV4Auth(limited, "lambda", REGION).add_auth(request)
    headers = dict(request.headers)
    algorithm, fields = headers["Authorization"].split(" ", 1)
    root = f"Credential={emulator.root.access}/20260101/{REGION}/lambda/aws4_request"

    alone = HTTP.get(request.url, headers=headers)
    headers["Authorization"] = f"{algorithm} {root}, {fields}"
    both = HTTP.get(request.url, headers=headers)

    assert (alone.status_code, both.status_code) == (403, 403)
    assert "single" in both.text


def test_presigned_url_works_unchanged_only(emulator: Emulator) -> None:
    root = emulator.root
    s3 = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=emulator.url,
        aws_access_key_id=root.access,
        aws_secret_access_key=root.secret,
        config=Config(signature_version="s3v4"),
    )
    s3.put_object(Bucket="bucket", Key="a", Body=b"content")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a"})

    statuses = [
        HTTP.get(url).status_code,
        HTTP.put(url, content=b"other").status_code,
        HTTP.get(url.replace("/bucket/a", "/bucket/b")).status_code,
        HTTP.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code,
    ]

    assert statuses == [200, 403, 403, 403]


def test_only_the_root_key_administers_the_emulator(emulator: Emulator) -> None:
    iam = emulator.client("iam")
    iam.create_user(UserName="worker")
    made = iam.create_access_key(UserName="worker")["AccessKey"]
    request: Any = AWSRequest("POST", f"{emulator.url}/_ministack/config", data="{}")
    worker = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    SigV4Auth(worker, "lambda", REGION).add_auth(request)
    root = signed(emulator, "POST", "/_ministack/config", "{}")

    answers = [
        HTTP.post(each.url, headers=dict(each.headers), content="{}").status_code
        for each in (request, root)
    ]

    assert answers == [403, 200]


def test_containers_of_sam_may_call_with_a_signature_only(emulator: Emulator) -> None:
    host = f"{CONTAINER_HOST}:{emulator.port}"
    request = signed(emulator, "GET", "/2015-03-31/functions/", host=host)
    headers = dict(request.headers)

    statuses = [
        HTTP.get(request.url, headers=headers).status_code,
        HTTP.get(request.url, headers={**headers, "Origin": EVIL}).status_code,
        HTTP.get(f"{emulator.url}/api/v1/health", headers={"Host": host}).status_code,
    ]

    assert statuses == [200, 403, 403]


def test_root_key_is_private_random_and_survives_a_restart(tmp_path: Path) -> None:
    first, again, other = (root_keys(tmp_path / home) for home in ("a", "a", "b"))
    (file,) = (tmp_path / "a").iterdir()

    assert first == again
    assert first.access != other.access
    assert first.secret != other.secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["secret"] == first.secret


# The issuer

REQUEST = {
    "response_type": "code",
    "client_id": AUDIENCE,
    "redirect_uri": origins(CONSOLE_PORT)[0],
    "code_challenge": "c",
    "code_challenge_method": "S256",
}


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    with Issuer(tmp_path, free_port(), console_port=CONSOLE_PORT) as running:
        yield running


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:3000/",
        "http://localhost:3000/jobs",
        "http://localhost:3001",
        "http://localhost:3000@evil.example",
        "http://localhost",
        "https://localhost:3000",
        "javascript:alert(1)//localhost",
        "//localhost:3000",
        "/",
        "",
    ],
)
def test_issuer_redirects_only_to_exact_addresses(issuer: Issuer, uri: str) -> None:
    asked = HTTP.get(f"{issuer.url}/authorize", params={**REQUEST, "redirect_uri": uri})
    sent = HTTP.post(f"{issuer.url}/authorize", data={**REQUEST, "redirect_uri": uri})
    query = {"client_id": AUDIENCE, "logout_uri": uri}
    left = HTTP.get(f"{issuer.url}/logout", params=query)

    assert {answer.status_code for answer in (asked, sent, left)} == {400}


def test_issuer_redirects_to_the_console_after_a_sign_out(issuer: Issuer) -> None:
    query = {"client_id": AUDIENCE, "logout_uri": REQUEST["redirect_uri"]}

    answer = HTTP.get(f"{issuer.url}/logout", params=query)

    assert (answer.status_code, answer.headers["location"]) == (303, REQUEST["redirect_uri"])


def test_issuer_answers_no_other_client(issuer: Issuer) -> None:
    answer = HTTP.get(f"{issuer.url}/authorize", params={**REQUEST, "client_id": "other"})

    assert answer.status_code == 400


def test_token_response_is_readable_by_the_console_only(issuer: Issuer) -> None:
    console = origins(CONSOLE_PORT)[0]
    form = {"grant_type": "refresh_token", "client_id": AUDIENCE, "refresh_token": "x"}

    own = HTTP.post(f"{issuer.url}/token", data=form, headers={"Origin": console})
    foreign = HTTP.post(f"{issuer.url}/token", data=form, headers={"Origin": EVIL})
    program = HTTP.post(f"{issuer.url}/token", data=form)

    assert own.headers["access-control-allow-origin"] == console
    assert foreign.status_code == 403
    assert "access-control-allow-origin" not in {**foreign.headers, **program.headers}


def test_sign_in_page_cannot_be_framed(issuer: Issuer) -> None:
    page = HTTP.get(f"{issuer.url}/authorize", params=REQUEST)

    assert page.status_code == 200
    assert page.headers["content-security-policy"] == "frame-ancestors 'none'"


def test_revoked_refresh_token_returns_no_access_token(issuer: Issuer) -> None:
    console = origins(CONSOLE_PORT)[0]
    challenge = urlsafe_b64encode(sha256(b"verifier").digest()).rstrip(b"=").decode()
    signed_in = HTTP.post(
        f"{issuer.url}/authorize", data={**REQUEST, "code_challenge": challenge, "user": "ada"}
    )
    client = {"client_id": AUDIENCE}
    code = dict(parse_qsl(urlsplit(signed_in.headers["location"]).query))["code"]
    form = {"code": code, "code_verifier": "verifier", "redirect_uri": console, **client}
    grant = {"grant_type": "authorization_code"}
    refresh = HTTP.post(f"{issuer.url}/token", data={**form, **grant}).json()["refresh_token"]
    renewal = {"grant_type": "refresh_token", "refresh_token": refresh, **client}

    before = HTTP.post(f"{issuer.url}/token", data=renewal)
    foreign = HTTP.post(f"{issuer.url}/revoke", data={"token": refresh, "client_id": "other"})
    between = HTTP.post(f"{issuer.url}/token", data=renewal)
    revoked = HTTP.post(f"{issuer.url}/revoke", data={"token": refresh, **client})
    after = HTTP.post(f"{issuer.url}/token", data=renewal)

    assert [each.status_code for each in (before, foreign, between, revoked)] == [200] * 4
    assert (after.status_code, after.json()) == (400, {"error": "invalid_grant"})
