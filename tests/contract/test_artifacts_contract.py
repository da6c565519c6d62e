"""Files of tasks."""

from urllib.parse import parse_qs, urlsplit

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
