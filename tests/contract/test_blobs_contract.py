import httpx
import pytest

from shoal.adapters import s3
from shoal.domain.errors import InputsNotFound
from tests.contract.aws_services import Aws
from tests.contract.examples import fresh_id
from tests.contract.port_sets import Ports, on_aws


def test_an_object_is_read_in_runs_of_bytes(ports: Ports) -> None:
    key = f"inputs/{fresh_id()}"

    ports.blobs.put(key, b"0123456789")

    assert ports.blobs.read(key, 2, 3) == b"234"
    assert ports.blobs.read(key, 8, 10) == b"89"
    assert ports.blobs.read(key, 10, 5) == b""
    assert ports.blobs.read(key, 3, 0) == b""
    assert ports.blobs.size(key) == 10


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\nb", [b"a", b"b"]),
        (b"\n\nb\n", [b"", b"", b"b"]),
        (b"a\r\nb\x0bc\n", [b"a\r", b"b\x0bc"]),
    ],
)
def test_lines_end_at_line_feeds_only(ports: Ports, body: bytes, lines: list[bytes]) -> None:
    key = f"inputs/{fresh_id()}"
    ports.blobs.put(key, body)

    assert list(ports.blobs.lines(key)) == lines


def test_lines_longer_than_a_read_stay_whole(ports: Ports) -> None:
    key, lines = f"inputs/{fresh_id()}", [b"x" * 700_000, b"y" * 1_500_000, b"z"]
    ports.blobs.put(key, b"\n".join(lines))

    assert list(ports.blobs.lines(key)) == lines


def test_a_missing_object_has_no_size(ports: Ports) -> None:
    key = f"inputs/{fresh_id()}"

    assert ports.blobs.size(key) is None
    with pytest.raises(InputsNotFound):
        list(ports.blobs.lines(key))
    with pytest.raises(InputsNotFound):
        ports.blobs.read(key, 0, 1)


def test_a_public_name_leads_back_to_its_key(ports: Ports) -> None:
    uri = ports.blobs.uri("a/b.jsonl")

    assert uri == "s3://inputs/a/b.jsonl"
    assert ports.blobs.key_of(uri) == "a/b.jsonl"


@pytest.mark.parametrize("uri", ["s3://inputs/", "s3://inputs", "s3://other/a", "https://x/a"])
def test_a_name_of_another_place_has_no_key(ports: Ports, uri: str) -> None:
    assert ports.blobs.key_of(uri) is None


def test_links_read_and_write_once_without_credentials(on_ministack: Aws) -> None:
    blobs, key = on_aws(on_ministack).blobs, f"inputs/{fresh_id()}"

    upload = blobs.upload_link(key, seconds=60)

    first = httpx.put(upload.url, content=b"a\nb\n", headers=upload.headers)
    second = httpx.put(upload.url, content=b"c\nd\n", headers=upload.headers)
    answer = httpx.get(blobs.link(key, seconds=60), headers={"Range": "bytes=2-3"})

    assert (first.status_code, second.status_code) == (200, 412)
    assert answer.content == b"b\n"


def test_an_upload_link_accepts_only_its_size(on_ministack: Aws) -> None:
    blobs, key = on_aws(on_ministack).blobs, f"inputs/{fresh_id()}"
    upload = blobs.upload_link(key, seconds=60, size=4)

    statuses = [
        httpx.put(upload.url, content=body, headers=upload.headers).status_code
        for body in (b"a\nb", b"a\nb\nc\n", b"a\nb\n")
    ]

    assert statuses == [403, 403, 200]


def test_a_copy_lives_apart_from_its_source(ports: Ports) -> None:
    source, target = f"uploads/{fresh_id()}", f"inputs/{fresh_id()}"
    ports.blobs.put(source, b"one")

    ports.blobs.copy(source, target)
    ports.blobs.put(source, b"another")

    assert ports.blobs.read(target, 0, 9) == b"one"


def test_a_copy_of_a_missing_object_is_an_error(ports: Ports) -> None:
    with pytest.raises(InputsNotFound):
        ports.blobs.copy(f"uploads/{fresh_id()}", f"inputs/{fresh_id()}")


def test_a_large_object_is_copied_in_parts(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_COPY_BYTES", 5 << 20)  # the smallest part that S3 accepts
    source, target = f"uploads/{fresh_id()}", f"inputs/{fresh_id()}"
    body = bytes(range(256)) * (44 << 10)
    ports.blobs.put(source, body)

    ports.blobs.copy(source, target)

    assert ports.blobs.read(target, 0, len(body)) == body
