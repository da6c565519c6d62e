import gzip
import json
import time

from shoal.adapters.stepfunctions import StepFunctionsExportRuns
from shoal.domain.export import Cursor
from shoal.domain.ids import keyed_export_id
from shoal.ports.workflow import ExecutionStatus
from tests.contract.examples import fresh_id
from tests.contract.services import Aws
from tests.contract.worlds import World

PART = 5 << 20
"""The least that S3 takes as a part that is not the last."""


def test_a_file_is_its_parts_in_order_once_it_is_finished(world: World) -> None:
    key = f"exports/{fresh_id()}.gz"
    upload = world.export_files.begin(key)
    first, second = b"a" * PART, b"b"
    tags = [world.export_files.append(key, upload, n, b) for n, b in ((1, first), (2, second))]

    world.export_files.finish(key, upload, tags)
    world.export_files.finish(key, upload, tags)  # the answer to the first was lost

    assert written(world, key) == first + second
    assert key in world.export_files.link(key, seconds=900)


def test_a_part_that_is_written_again_replaces_itself(world: World) -> None:
    key = f"exports/{fresh_id()}.gz"
    upload = world.export_files.begin(key)
    world.export_files.append(key, upload, 1, b"first")
    tag = world.export_files.append(key, upload, 1, gzip.compress(b"second"))

    world.export_files.finish(key, upload, [tag])

    assert gzip.decompress(written(world, key)) == b"second"


def written(world: World, key: str) -> bytes:
    files = world.export_files
    if hasattr(files, "files"):
        body: bytes = files.files[key]
        return body
    found: bytes = files._client.get_object(Bucket="results", Key=key)["Body"].read()  # type: ignore[attr-defined]  # noqa: SLF001
    return found


def test_an_export_runs_once_for_its_job_and_id(world: World) -> None:
    job, export = fresh_id(), keyed_export_id("contract", fresh_id())

    world.export_runs.start("t", job, export)
    world.export_runs.start("t", job, export)

    run = world.export_runs.describe(job, export)
    assert run is not None
    assert (run.status, run.cursor) == (ExecutionStatus.RUNNING, None)
    assert world.export_runs.describe(fresh_id(), export) is None


def test_the_output_of_one_that_succeeded_is_its_cursor(on_ministack: Aws) -> None:
    cursor = Cursor(upload="u", index=None, parts=("t",), results=3, missing=1, size=9, whole=True)
    once = {"Type": "Pass", "Result": cursor.as_state(), "End": True}
    machine = on_ministack.stepfunctions.create_state_machine(
        name=f"exports-{fresh_id()[-8:]}",
        definition=json.dumps({"StartAt": "P", "States": {"P": once}}),
        roleArn="arn:aws:iam::000000000000:role/jobs",
    )
    runs = StepFunctionsExportRuns(on_ministack.stepfunctions, machine["stateMachineArn"])
    job, export = fresh_id(), keyed_export_id("contract", fresh_id())

    runs.start("t", job, export)

    run = runs.describe(job, export)
    deadline = time.monotonic() + 10
    while run is not None and run.status is ExecutionStatus.RUNNING and time.monotonic() < deadline:
        run = runs.describe(job, export)
    assert run is not None
    assert run.cursor == cursor
    assert run.ended_at is not None
