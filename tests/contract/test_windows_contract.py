"""The stores of windows: each write is conditional, and a transaction writes all rows or none."""

from dataclasses import replace

import pytest

from shoal.adapters.dynamodb.table import Table
from shoal.adapters.dynamodb.windows import DynamoWindowStore
from shoal.domain.chunk import Chunk
from shoal.domain.errors import WriteConflict
from shoal.domain.job import Job
from shoal.domain.window import Window
from tests.contract.aws_services import Aws
from tests.contract.examples import a_chunk, a_job, create_job
from tests.contract.port_sets import Ports, on_aws

OPENED = Window(2, 0, 2)


def a_windowed_job(ports: Ports) -> Job:
    job = replace(a_job(), task_count=10, chunk_size=1)
    job = replace(job, spec=replace(job.spec, max_parallelism=2))
    create_job(ports, job)
    return job


def some_chunks(ports: Ports, job: Job, count: int) -> list[Chunk]:
    chunks = [a_chunk(job.id, number, size=1) for number in range(count)]
    ports.chunks.create(chunks)
    return chunks


def test_window_is_read_back_whole(ports: Ports) -> None:
    job = a_windowed_job(ports)
    assert ports.windows.get(job) is None

    ports.windows.open(job, OPENED)
    claimed = OPENED.claim(3)
    ports.windows.put(job, OPENED, claimed)

    assert ports.windows.get(job) == claimed == Window(5, 0, 2, sending=(2, 5))


def test_window_is_opened_once(ports: Ports) -> None:
    job = a_windowed_job(ports)
    ports.windows.open(job, OPENED)

    with pytest.raises(WriteConflict):
        ports.windows.open(job, Window(3, 0, 3))

    assert ports.windows.get(job) == OPENED


def test_window_of_a_changed_job_is_not_opened(ports: Ports) -> None:
    job = a_windowed_job(ports)
    ports.jobs.put(job.change({"max_parallelism": 1}))

    with pytest.raises(WriteConflict):
        ports.windows.open(job, OPENED)

    assert ports.windows.get(job) is None


@pytest.mark.parametrize(
    "other", [Window(3, 0, 2), Window(2, 1, 2), Window(2, 0, 3), Window(2, 0, 2, (1, 2)), None]
)
def test_put_requires_the_stored_window(ports: Ports, other: Window | None) -> None:
    job = a_windowed_job(ports)
    ports.windows.open(job, OPENED)

    with pytest.raises(WriteConflict):
        ports.windows.put(job, other, Window(9, 0, 9))

    assert ports.windows.get(job) == OPENED


def test_note_writes_chunks_and_window(ports: Ports) -> None:
    job = a_windowed_job(ports)
    ports.windows.open(job, OPENED)
    noted = [chunk.noted(None) for chunk in some_chunks(ports, job, 2)]

    ports.windows.note(job, noted, OPENED, OPENED.after_ends(2))

    assert ports.chunks.get_many(job.id, range(2)) == noted
    assert ports.windows.get(job) == Window(2, 2, 2)


def test_note_can_write_the_first_window_of_a_job_of_an_earlier_release(ports: Ports) -> None:
    job = a_windowed_job(ports)
    (chunk,) = some_chunks(ports, job, 1)

    ports.windows.note(job, [chunk.noted(2)], None, Window(3, 1, 2))

    assert ports.windows.get(job) == Window(3, 1, 2)
    assert ports.chunks.get(job.id, 0) == chunk.noted(2)


def test_note_over_a_stale_chunk_writes_nothing(ports: Ports) -> None:
    job = a_windowed_job(ports)
    ports.windows.open(job, OPENED)
    first, second = some_chunks(ports, job, 2)
    ports.chunks.put(second.noted(5))

    with pytest.raises(WriteConflict):
        ports.windows.note(
            job, [first.noted(None), second.noted(None)], OPENED, OPENED.after_ends(2)
        )

    assert ports.chunks.get_many(job.id, range(2)) == [first, second.noted(5)]
    assert ports.windows.get(job) == OPENED


def test_note_over_a_stale_window_writes_nothing(ports: Ports) -> None:
    job = a_windowed_job(ports)
    ports.windows.open(job, OPENED)
    (chunk,) = some_chunks(ports, job, 1)
    ports.windows.put(job, OPENED, OPENED.resized(7))

    with pytest.raises(WriteConflict):
        ports.windows.note(job, [chunk.noted(2)], OPENED, OPENED.after_end(10)[0])

    assert ports.chunks.get(job.id, 0) == chunk
    assert ports.windows.get(job) == OPENED.resized(7)


def test_resize_writes_job_and_window(ports: Ports) -> None:
    job = a_windowed_job(ports)
    ports.windows.open(job, OPENED)
    changed = job.change({"max_parallelism": 5})

    ports.windows.resize(changed, OPENED, OPENED.resized(5))

    assert (ports.jobs.get(job.id), ports.windows.get(changed)) == (changed, OPENED.resized(5))


def test_resize_without_a_window_writes_only_the_job(ports: Ports) -> None:
    job = a_windowed_job(ports)
    changed = job.change({"max_parallelism": 5})

    ports.windows.resize(changed, None, None)

    assert (ports.jobs.get(job.id), ports.windows.get(changed)) == (changed, None)


@pytest.mark.parametrize("opened", [None, Window(2, 0, 9)])
def test_resize_over_another_window_writes_nothing(ports: Ports, opened: Window | None) -> None:
    job = a_windowed_job(ports)
    ports.windows.open(job, OPENED)
    after = None if opened is None else opened.resized(5)

    with pytest.raises(WriteConflict):
        ports.windows.resize(job.change({"max_parallelism": 5}), opened, after)

    assert (ports.jobs.get(job.id), ports.windows.get(job)) == (job, OPENED)


def test_resize_over_another_job_writes_nothing(ports: Ports) -> None:
    job = a_windowed_job(ports)
    ports.windows.open(job, OPENED)
    paused = job.pause(0.0)
    ports.jobs.put(paused)

    with pytest.raises(WriteConflict):
        ports.windows.resize(job.change({"max_parallelism": 5}), OPENED, OPENED.resized(5))

    assert (ports.jobs.get(job.id), ports.windows.get(job)) == (paused, OPENED)


def test_each_generation_has_a_window(ports: Ports) -> None:
    job = a_windowed_job(ports)
    ports.windows.open(job, OPENED)

    assert ports.windows.get(replace(job, generation=2)) is None


@pytest.mark.parametrize("width", [None, 4])
def test_row_of_an_earlier_release_is_read_and_written(aws: Aws, width: int | None) -> None:
    ports = on_aws(aws)
    job = a_windowed_job(ports)
    row = {"id": {"S": f"{job.id}#cursor#1"}, "n": {"N": "3"}, "expires_at": {"N": "1"}}
    if width is not None:  # max_parallelism was changed by the current release
        row["w"] = {"N": str(width)}
    aws.dynamodb.put_item(TableName="jobs", Item=row)
    windows = DynamoWindowStore(Table(aws.dynamodb, "jobs"), Table(aws.dynamodb, "tasks"))

    before = windows.get(job)
    assert before == Window(3, None, width or 2)
    windows.put(job, before, before.recounted(2))

    assert windows.get(job) == Window(3, 2, width or 2)
    with pytest.raises(WriteConflict):
        windows.put(job, before, before)
