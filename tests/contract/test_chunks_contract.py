import json
import zlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from shoal.adapters.dynamodb.table import Table
from shoal.adapters.rows.attributes import text
from shoal.adapters.rows.parts import pack_part
from shoal.domain.chunk import Chunk, Granted, Holder
from shoal.domain.errors import WriteConflict
from shoal.domain.outcome import Outcome, PartKey, TaskError, WholePart
from shoal.ports.chunks import ChunkStatuses
from tests.contract.aws_services import Aws
from tests.contract.examples import EXPIRES_AT, NOW, ORIGIN, a_chunk, fresh_id, plain_outcomes
from tests.contract.port_sets import Ports, on_aws


def granted(chunk: Chunk) -> Chunk:
    grant = chunk.grant("w-1", "request-1", NOW, 60.0, Holder.WORKER)
    assert isinstance(grant, Granted)
    return grant.chunk


def large(seed: int) -> list[Outcome]:
    """Outcomes whose results do not compress under the size of a row."""
    return [
        replace(
            outcome, result=[pow(3, seed + outcome.index * 50 + n, 2**61 - 1) for n in range(50)]
        )
        for outcome in plain_outcomes()
    ]


def test_created_chunks_are_read_back_whole(ports: Ports) -> None:
    job = fresh_id()
    chunks = [a_chunk(job, number) for number in range(130)]

    ports.chunks.create(chunks)

    assert ports.chunks.get(job, 129) == chunks[129]
    assert ports.chunks.get_many(job, range(129, -1, -1)) == chunks


def test_create_leaves_chunks_that_exist(ports: Ports) -> None:
    job = fresh_id()
    leased = granted(a_chunk(job))
    ports.chunks.create([a_chunk(job)])
    ports.chunks.put(leased)

    ports.chunks.create([a_chunk(job), a_chunk(job, 1)])

    assert ports.chunks.get_many(job, [0, 1]) == [leased, a_chunk(job, 1)]


def test_chunks_that_do_not_exist_are_left_out(ports: Ports) -> None:
    job = fresh_id()
    ports.chunks.create([a_chunk(job, 1)])

    assert ports.chunks.get(job, 0) is None
    assert ports.chunks.get_many(job, [0, 1, 1, 2]) == [a_chunk(job, 1)]
    assert ports.chunks.get_many(job, []) == []


def test_a_put_requires_the_previous_version(ports: Ports) -> None:
    chunk = a_chunk(fresh_id())
    ports.chunks.create([chunk])

    ports.chunks.put(granted(chunk))

    assert ports.chunks.get(chunk.job, 0) == granted(chunk)


def test_of_two_puts_over_one_version_the_second_raises(ports: Ports) -> None:
    chunk = a_chunk(fresh_id())
    ports.chunks.create([chunk])
    ports.chunks.put(granted(chunk))

    with pytest.raises(WriteConflict):
        ports.chunks.put(chunk.sent(NOW + 1))

    assert ports.chunks.get(chunk.job, 0) == granted(chunk)


def test_a_put_of_a_chunk_that_does_not_exist_raises(ports: Ports) -> None:
    chunk = granted(a_chunk(fresh_id()))

    with pytest.raises(WriteConflict):
        ports.chunks.put(chunk)

    assert ports.chunks.get(chunk.job, 0) is None


def test_a_part_is_read_back_whole(ports: Ports) -> None:
    key, outcomes = PartKey(fresh_id(), 3, 2, 1), plain_outcomes()

    ports.chunks.put_part(key, outcomes, origin=ORIGIN, expires_at=EXPIRES_AT)

    assert ports.chunks.parts([key, key._replace(report=2)]) == {key: tuple(outcomes)}


@pytest.mark.parametrize("outcomes", [plain_outcomes(), large(1)], ids=["small", "large"])
def test_a_part_has_its_origin(ports: Ports, outcomes: list[Outcome]) -> None:
    key = PartKey(fresh_id(), 3, 2, 1)

    ports.chunks.put_part(key, outcomes, origin=ORIGIN, expires_at=EXPIRES_AT)

    assert ports.chunks.whole_parts([key]) == {key: WholePart(tuple(outcomes), ORIGIN)}


def test_a_part_of_before_origins_is_read(on_moto: Aws) -> None:
    key, tasks = PartKey(fresh_id(), 3, 2, 1), Table(on_moto.dynamodb, "tasks")
    tasks.put_new({"id": text(str(key)), "o": {"B": pack_part(plain_outcomes())}})

    found = on_aws(on_moto).chunks.whole_parts([key])

    assert found == {key: WholePart(tuple(plain_outcomes()), None)}


def test_the_first_part_of_a_key_stays(ports: Ports) -> None:
    key, outcomes = PartKey(fresh_id(), 0, 1, 1), plain_outcomes(2)
    ports.chunks.put_part(key, outcomes, origin=ORIGIN, expires_at=EXPIRES_AT)

    ports.chunks.put_part(key, plain_outcomes(1), origin=ORIGIN, expires_at=EXPIRES_AT)

    assert ports.chunks.parts([key]) == {key: tuple(outcomes)}


def test_a_large_part_is_read_back_whole_and_the_first_stays(ports: Ports) -> None:
    key = PartKey(fresh_id(), 0, 1, 1)
    ports.chunks.put_part(key, large(1), origin=ORIGIN, expires_at=EXPIRES_AT)

    ports.chunks.put_part(key, large(2), origin=ORIGIN, expires_at=EXPIRES_AT)

    assert ports.chunks.parts([key]) == {key: tuple(large(1))}


def test_small_and_large_parts_are_read_together(ports: Ports) -> None:
    small, big = PartKey(fresh_id(), 0, 1, 1), PartKey(fresh_id(), 0, 1, 1)
    ports.chunks.put_part(small, plain_outcomes(), origin=ORIGIN, expires_at=EXPIRES_AT)
    ports.chunks.put_part(big, large(1), origin=ORIGIN, expires_at=EXPIRES_AT)

    found = ports.chunks.parts([small, big])

    assert found == {small: tuple(plain_outcomes()), big: tuple(large(1))}


def test_a_part_that_a_worker_uploaded_is_read_as_outcomes(ports: Ports) -> None:
    key = PartKey(fresh_id(), 0, 1, 1)
    error = {"type": "ValueError", "message": "no", "tail": "…", "retryable": True}
    times = {"started_at": "2026-11-25T00:00:00.500000Z", "duration": 0.25}
    body = [
        {"index": 0, "attempt": 1, "outcome": "completed", "result": {"n": 1}, **times},
        {"index": 1, "attempt": 2, "outcome": "failed", "error": error, **times},
    ]

    ports.upload(str(key), json.dumps(body).encode())

    started, why = 1_795_564_800.5, TaskError("ValueError", "no", retryable=True, tail="…")
    assert ports.chunks.parts([key]) == {
        key: (
            Outcome(0, 1, started, 0.25, {"n": 1}),
            Outcome(1, 2, started, 0.25, None, why),
        )
    }


PACKED = zlib.compress(b" " * 64_000_000)
"""64 KB that would be 64 MB."""


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"[", b'[{"index": 0}]', PACKED, pack_part(plain_outcomes())]
)
def test_an_invalid_upload_has_no_outcomes(ports: Ports, body: bytes) -> None:
    key = PartKey(fresh_id(), 0, 1, 1)

    ports.upload(str(key), body)

    assert ports.chunks.parts([key]) == {key: ()}


def test_a_part_is_uploaded_once_and_with_the_announced_size(on_ministack: Aws) -> None:
    chunks, key = on_aws(on_ministack).chunks, PartKey(fresh_id(), 0, 1, 1)
    upload = chunks.part_upload(key, 2, origin=ORIGIN, seconds=60)

    first = httpx.put(upload.url, content=b"[]", headers=upload.headers)
    second = httpx.put(upload.url, content=b"[]", headers=upload.headers)

    assert first.status_code == httpx.codes.OK
    assert second.status_code == httpx.codes.PRECONDITION_FAILED
    assert "content-length" in upload.url
    assert "if-none-match" in upload.url
    assert chunks.whole_parts([key]) == {key: WholePart((), ORIGIN)}


def test_a_worker_cannot_upload_a_part_as_another_worker(on_ministack: Aws) -> None:
    key = PartKey(fresh_id(), 0, 1, 1)
    upload = on_aws(on_ministack).chunks.part_upload(key, 2, origin=ORIGIN, seconds=60)

    signed = parse_qs(urlsplit(upload.url).query)["X-Amz-SignedHeaders"][0].split(";")

    assert {"x-amz-meta-worker", "x-amz-meta-generation"} <= {*signed}
    assert upload.headers["x-amz-meta-worker"] == ORIGIN.worker


def test_standings_are_those_of_the_chunks_that_exist(ports: Ports) -> None:
    job = fresh_id()
    chunks = [a_chunk(job, number, size=3) for number in range(250)]
    ports.chunks.create(chunks)
    ports.chunks.put(granted(chunks[7]))

    found = ports.chunks.statuses(job, [*range(300)])

    assert found == {n: ChunkStatuses(1, "RRR" if n == 7 else "PPP") for n in range(250)}


def test_a_row_is_not_put_back_to_an_earlier_generation(ports: Ports) -> None:
    chunk = a_chunk(fresh_id())
    ports.chunks.create([chunk])
    later = chunk.reset(3, NOW)
    ports.chunks.put(later)

    with pytest.raises(WriteConflict):
        ports.chunks.put(replace(later, generation=2, version=later.version + 1))

    assert ports.chunks.get(chunk.job, 0) == later
