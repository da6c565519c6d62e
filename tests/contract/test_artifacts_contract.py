"""Files of tasks."""

from urllib.parse import parse_qs, urlsplit

import httpx

from shoal.ports.blobs import UploadLink
from tests.contract.aws_services import Aws
from tests.contract.examples import fresh_id
from tests.contract.port_sets import Ports, on_aws


def test_artifacts_are_found_by_their_prefix(ports: Ports) -> None:
    job = fresh_id()
    for name in ("1/a.txt", "2/b.txt"):
        ports.upload(f"artifacts/{job}/0/{name}", b"12345")

    found = ports.artifacts.stored(f"artifacts/{job}/0/2/")

    assert [(each.key, each.size) for each in found] == [(f"artifacts/{job}/0/2/b.txt", 5)]
    assert ports.artifacts.stored(f"artifacts/{job}/1/") == []


def test_an_artifact_is_downloaded_and_never_shown(aws: Aws) -> None:
    link = on_aws(aws).artifacts.link(f"artifacts/{fresh_id()}/0/1/page.html", seconds=60)

    assert parse_qs(urlsplit(link).query)["response-content-disposition"] == ["attachment"]


def test_an_artifact_has_a_name_and_links(ports: Ports) -> None:
    key = f"artifacts/{fresh_id()}/0/1/a.txt"

    assert ports.artifacts.uri(key) == f"s3://results/{key}"
    assert key in ports.artifacts.link(key, seconds=60)
    assert key in ports.artifacts.upload_link(key, 5, seconds=60).url


def test_an_upload_link_replaces_the_object_of_its_time(ports: Ports) -> None:
    key = f"artifacts/{fresh_id()}/0/1/a.txt"

    new = ports.artifacts.upload_link(key, 5, seconds=60).headers
    ports.upload(f"{key}.bak", b"12345")
    other = ports.artifacts.upload_link(key, 5, seconds=60).headers
    ports.upload(key, b"12345")
    replacing = ports.artifacts.upload_link(key, 5, seconds=60).headers

    assert new == other == {"If-None-Match": "*"}
    assert list(replacing) == ["If-Match"]


def test_an_upload_link_works_once_and_with_its_size(on_ministack: Aws) -> None:
    artifacts, key = on_aws(on_ministack).artifacts, f"artifacts/{fresh_id()}/0/1/a.txt"

    def put(link: UploadLink, body: bytes) -> int:
        return httpx.put(link.url, content=body, headers=dict(link.headers)).status_code

    first = artifacts.upload_link(key, 5, seconds=60)
    once = [put(first, b"123456"), put(first, b"first"), put(first, b"again")]
    second = artifacts.upload_link(key, 6, seconds=60)
    replaced = [put(second, b"second"), put(second, b"anothe"), put(first, b"again")]

    assert once == [403, 200, 412]
    assert replaced == [200, 412, 412]
    assert httpx.get(artifacts.link(key, seconds=60)).content == b"second"


def test_an_upload_link_signs_its_condition(on_ministack: Aws) -> None:
    artifacts, key = on_aws(on_ministack).artifacts, f"artifacts/{fresh_id()}/0/1/a.txt"
    link = artifacts.upload_link(key, 5, seconds=60)

    assert httpx.put(link.url, content=b"first").status_code == 403
