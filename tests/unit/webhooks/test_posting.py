"""The one place that calls addresses of strangers, against real receivers."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shoal.adapters.webhook_post import MOST_BYTES, HttpWebhookPoster
from shoal.domain.addresses import LOOPBACK
from shoal.domain.webhook import WebhookResponse
from tests.unit.webhooks.webhook_receiver import Receiver, receiving

BODY = b'{"a":1}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def posted(
    url: str, poster: HttpWebhookPoster | None = None, *, allowed: str | None = LOOPBACK
) -> WebhookResponse:
    return (poster or HttpWebhookPoster()).post(url, {"webhook-id": "e1"}, BODY, allowed=allowed)


def knowing(*addresses: str) -> HttpWebhookPoster:
    """A poster for which every host has these addresses."""

    def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return addresses

    return HttpWebhookPoster(resolve=resolve, seconds=5)


def test_an_event_is_posted_with_its_headers_to_its_path(receiver: Receiver) -> None:
    answer = posted(f"{receiver.url}/hook?a=b")

    ((headers, body),) = receiver.came
    assert (answer.status, answer.error, body) == (204, None, BODY)
    assert (headers["webhook-id"], headers["user-agent"]) == ("e1", "shoal-webhooks")
    assert headers["host"] == f"127.0.0.1:{receiver.port}"


def _wait(over: threading.Event) -> None:
    over.wait(30)


def _other_protocol(door: BaseHTTPRequestHandler) -> None:
    door.wfile.write(b"SSH-2.0-hello\r\n\r\n")


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.answer = 307

    assert posted(receiver.url).status == 307
    assert len(receiver.came) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["10.0.0.7"],
        ["::1"],
        ["::ffff:169.254.169.254"],
        ["fd00:ec2::254"],
        ["8.8.8.8", "10.0.0.7"],
        ["10.0.0.7", "8.8.8.8"],
        [],
    ],
)
def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    def connect(_: socket.socket, place: object) -> None:
        raise AssertionError(f"connected to {place}")

    monkeypatch.setattr(socket.socket, "connect", connect)

    answer = posted("https://rebound.test/", knowing(*addresses), allowed=None)

    assert (answer.status, answer.error) == (None, "the host has no public address")


@pytest.mark.parametrize("url", ["http://example.com/", "https://127.0.0.1/", "https://a@b.test/"])
def test_a_url_that_should_never_have_been_kept_is_refused(url: str) -> None:
    answer = posted(url, knowing("8.8.8.8"), allowed=None)

    assert answer.status is None
    assert "url" in str(answer.error)


def test_the_loopback_is_allowed_only_by_a_setting(receiver: Receiver) -> None:
    assert posted(receiver.url, allowed=None).status is None
    assert receiver.came == []


def test_the_name_is_resolved_once_and_the_address_that_was_checked_is_called(
    receiver: Receiver,
) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        assert port
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.7"]

    answer = posted(receiver.url, HttpWebhookPoster(resolve=rebinding))

    assert (answer.status, asked) == (204, ["127.0.0.1"])


def test_an_endpoint_that_never_answers_is_given_up_in_time(receiver: Receiver) -> None:
    over = threading.Event()
    receiver.answer = lambda _: _wait(over)

    answer = posted(receiver.url, HttpWebhookPoster(seconds=0.3))
    over.set()

    assert (answer.status, answer.error) == (None, "no response in time")
    assert answer.seconds < 5


def test_bytes_that_trickle_in_do_not_buy_time(receiver: Receiver) -> None:
    stop = threading.Event()

    def trickle(door: BaseHTTPRequestHandler) -> None:
        door.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
        while not stop.wait(0.05):
            door.wfile.write(b"y")
            door.wfile.flush()

    receiver.answer = trickle
    began = time.monotonic()

    answer = posted(receiver.url, HttpWebhookPoster(seconds=0.5))
    stop.set()

    assert (answer.status, answer.error) == (None, "no response in time")
    assert time.monotonic() - began < 5


def test_at_most_64_kb_of_a_body_are_read(receiver: Receiver) -> None:
    sent: list[int] = []

    def endless(door: BaseHTTPRequestHandler) -> None:
        door.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while len(sent) < 10_000:
            sent.append(door.wfile.write(b"y" * 65_536))

    receiver.answer = endless

    answer = posted(receiver.url, HttpWebhookPoster(seconds=5))

    assert answer.status == 200
    assert answer.seconds < 5
    assert MOST_BYTES == 65_536
    assert len(sent) < 1_000


def test_an_answer_that_is_not_http_is_a_failure(receiver: Receiver) -> None:
    receiver.answer = _other_protocol

    answer = posted(receiver.url)

    assert answer.status is None
    assert "SSH" not in str(answer.error)


def test_a_port_at_which_nobody_listens_is_a_failure() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    answer = posted(f"http://127.0.0.1:{port}")

    assert (answer.status, answer.error) == (
        None,
        "the connection failed or timed out",
    )


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a self-signed certificate of hooks.test and 127.0.0.2, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "hooks.test")])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName("hooks.test"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.2")),
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def behind_tls(certificate: Path) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with receiving(context) as found:
        yield found


def trusting(certificate: Path) -> HttpWebhookPoster:
    return HttpWebhookPoster(
        resolve=lambda _host, _port: ["127.0.0.1"],
        trust=lambda: ssl.create_default_context(cafile=certificate),
    )


def test_the_certificate_is_checked_by_the_name_though_the_address_is_called(
    behind_tls: Receiver, certificate: Path
) -> None:
    answer = posted(f"https://hooks.test:{behind_tls.port}/", trusting(certificate))

    ((headers, _),) = behind_tls.came
    assert (answer.status, headers["host"]) == (204, f"hooks.test:{behind_tls.port}")


def test_a_certificate_of_another_name_is_refused(behind_tls: Receiver, certificate: Path) -> None:
    answer = posted(f"https://other.test:{behind_tls.port}/", trusting(certificate))

    assert (answer.status, answer.error) == (None, "the TLS handshake failed")
    assert behind_tls.came == []


def test_an_untrusted_certificate_is_rejected(behind_tls: Receiver) -> None:
    poster = HttpWebhookPoster(resolve=lambda _host, _port: ["127.0.0.1"])

    answer = posted(f"https://hooks.test:{behind_tls.port}/", poster)

    assert (answer.status, answer.error) == (None, "the TLS handshake failed")
