import gzip
import json
import time

from shoal.adapters.stepfunctions import StepFunctionsExportRuns
from shoal.domain.export import Cursor
from shoal.domain.ids import keyed_export_id
from shoal.ports.exports import ExportSlot
from shoal.ports.workflow import ExecutionStatus
from tests.contract.aws_services import Aws
from tests.contract.examples import fresh_id
from tests.contract.port_sets import Ports

PART = 5 << 20
"""The least that S3 takes as a part that is not the last."""


def test_a_file_is_its_parts_in_order_once_it_is_finished(ports: Ports) -> None:
    key = f"exports/{fresh_id()}.gz"
    upload = ports.export_files.begin(key)
    first, second = b"a" * PART, b"b"
    tags = [ports.export_files.append(key, upload, n, b) for n, b in ((1, first), (2, second))]

    ports.export_files.finish(key, upload, tags)
    ports.export_files.finish(key, upload, tags)  # the answer to the first was lost

    assert written(ports, key) == first + second
    assert key in ports.export_files.link(key, seconds=900)


def test_a_part_that_is_written_again_replaces_itself(ports: Ports) -> None:
    key = f"exports/{fresh_id()}.gz"
    upload = ports.export_files.begin(key)
    ports.export_files.append(key, upload, 1, b"first")
    tag = ports.export_files.append(key, upload, 1, gzip.compress(b"second"))

    ports.export_files.finish(key, upload, [tag])

    assert gzip.decompress(written(ports, key)) == b"second"


def written(ports: Ports, key: str) -> bytes:
    files = ports.export_files
    if hasattr(files, "files"):
        body: bytes = files.files[key]
        return body
    found: bytes = files._client.get_object(Bucket="results", Key=key)["Body"].read()  # type: ignore[attr-defined]  # noqa: SLF001
    return found


def test_an_export_runs_once_for_its_job_and_id(ports: Ports) -> None:
    job, export = fresh_id(), keyed_export_id("contract", fresh_id())

    ports.export_runs.start("t", job, export)
    ports.export_runs.start("t", job, export)

    run = ports.export_runs.describe(job, export)
    assert run is not None
    assert (run.status, run.cursor) == (ExecutionStatus.RUNNING, None)
    assert ports.export_runs.describe(fresh_id(), export) is None


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


def test_a_slot_is_taken_once_and_replaced_only_as_it_was_read(ports: Ports) -> None:
    tenant, job = fresh_id(), fresh_id()
    first = ExportSlot(0, job, keyed_export_id("contract", "1"), None, 1_800_000_000.25)
    second = ExportSlot(0, job, keyed_export_id("contract", "2"), 7, 1_800_000_001.5)

    assert ports.export_slots.take(tenant, first, over=None)
    assert not ports.export_slots.take(tenant, second, over=None)
    assert ports.export_slots.taken(tenant) == [first]
    assert ports.export_slots.take(tenant, second, over=first)
    assert not ports.export_slots.take(tenant, first, over=first)
    assert ports.export_slots.taken(tenant) == [second]
    assert ports.export_slots.taken(fresh_id()) == []


def test_the_answer_to_a_key_is_recorded_once(ports: Ports) -> None:
    tenant, key = fresh_id(), keyed_export_id("contract", fresh_id())

    before = ports.export_slots.answered(tenant, key)
    ports.export_slots.record_answer(tenant, key, "exp_1", expires_at=2_000_000_000)

    assert before is None
    assert ports.export_slots.answered(tenant, key) == "exp_1"
    assert ports.export_slots.answered(fresh_id(), key) is None
