"""Our signatures compared with those of botocore."""

from datetime import UTC, datetime

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shoal.adapters.http import PostResponse
from shoal.adapters.sigv4 import SignedPost

NOON = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
JSON = {"Content-Type": "application/json"}
SQS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"}

KEYS = [Credentials("AKIDEXAMPLE", "secret"), Credentials("AKID", "secret", "session+token/=")]


def ours(
    keys: Credentials, service: str, url: str, headers: dict[str, str], body: bytes
) -> dict[str, str]:
    """Returns the headers that we send."""
    sent: list[dict[str, str]] = []

    def post(_: str, headers: dict[str, str], __: bytes) -> PostResponse:
        sent.append(headers)
        return PostResponse(200, b"")

    SignedPost(post, keys, service, "eu-west-1", NOON.timestamp)(url, headers, body)
    return sent[0]


def botocores(
    keys: Credentials, service: str, url: str, headers: dict[str, str], body: bytes
) -> dict[str, str]:
    """Returns the headers that botocore would send."""
    request = AWSRequest("POST", url, headers, body)
    auth.SigV4Auth(keys, service, "eu-west-1").add_auth(request)
    return dict(request.headers)


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize(
    ("service", "url", "headers"),
    [
        ("execute-api", "https://a1.execute-api.eu-west-1.amazonaws.com/v/api/v1/leases", JSON),
        ("execute-api", "http://127.0.0.1:8000/_aws/execute-api/a1/$default/api/v1/leases", JSON),
        ("sqs", "https://sqs.eu-west-1.amazonaws.com", SQS),
        ("sqs", "https://sqs.eu-west-1.amazonaws.com:443/", SQS),
        ("sqs", "http://[::1]:4566/", SQS),
    ],
)
def test_signature_equals_botocore(
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    url: str,
    headers: dict[str, str],
    keys: Credentials,
) -> None:
    body = '{"worker":"wörker"}'.encode()
    monkeypatch.setattr(auth, "get_current_datetime", lambda: NOON)

    signed = ours(keys, service, url, headers, body)

    assert signed == botocores(keys, service, url, headers, body)


def test_rotated_credentials_sign_with_the_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "get_current_datetime", lambda: NOON)
    url = "https://sqs.eu-west-1.amazonaws.com"
    ours(Credentials("AKIDOLD", "old"), "sqs", url, SQS, b"")

    signed = ours(Credentials("AKIDNEW", "new"), "sqs", url, SQS, b"")

    assert signed == botocores(Credentials("AKIDNEW", "new"), "sqs", url, SQS, b"")
