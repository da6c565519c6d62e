"""No row outgrows DynamoDB's limit of 400 KB, whatever users, workers and faults send.

Each row is made by the code that writes it. The bounds are those of the table in
docs/explanation/architecture.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import cycle, islice
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal.adapters.dynamodb.audit import DynamoAuditLog
from shoal.adapters.dynamodb.bulk import DynamoBulkStore
from shoal.adapters.dynamodb.dead_letters import DynamoDeadLetterStore
from shoal.adapters.dynamodb.effects import DynamoEffectStore
from shoal.adapters.dynamodb.exports import DynamoExportSlots
from shoal.adapters.dynamodb.live import DynamoLiveStore
from shoal.adapters.dynamodb.machines import DynamoMachineStore
from shoal.adapters.dynamodb.rates import DynamoRateStore
from shoal.adapters.dynamodb.registry import DynamoTypeRegistry, Registry
from shoal.adapters.dynamodb.sweeps import DynamoSweepStore
from shoal.adapters.dynamodb.table import Table
from shoal.adapters.dynamodb.tenants import DynamoTenantStore
from shoal.adapters.dynamodb.watch_list import WatchList
from shoal.adapters.dynamodb.webhooks import DynamoWebhookStore
from shoal.adapters.dynamodb.workers import DynamoWorkerStore
from shoal.adapters.memory.clock import FixedClock
from shoal.adapters.rows.chunks import chunk_row
from shoal.adapters.rows.jobs import MOST_AT_REQUEST, check_size, job_row
from shoal.adapters.rows.tallies import pack_sum, tally_row
from shoal.adapters.rows.windows import window_row
from shoal.domain.audit_event import Action, AuditEvent
from shoal.domain.bulk import EXAMPLES, BulkAction, BulkVerb, Refusal, Taken
from shoal.domain.canary import Canary
from shoal.domain.chunk import MOST_PARTS, Accepted, Chunk, CurrentTask, Granted, Lease, Part, Span
from shoal.domain.counts import Counts
from shoal.domain.dead_letter import EXAMPLES as EXAMPLE_LETTERS
from shoal.domain.dead_letter import DeadCause, DeadLetter, DeadLetters
from shoal.domain.errors import IllegalMove, InvalidRequest
from shoal.domain.grid import Grid
from shoal.domain.job import MOST_GENERATIONS, MOST_REASON, Job, JobStatus
from shoal.domain.job_filter import JobFilter, Tag
from shoal.domain.lease_token import hash_of
from shoal.domain.limits import Tenant, TokenBucket
from shoal.domain.live import MOST_SUBSCRIPTIONS, Connection
from shoal.domain.outcome import Outcome
from shoal.domain.retry import RetryPolicy
from shoal.domain.selection import MOST_DISCARDS, MOST_INDICES, Discard, Selection
from shoal.domain.sizing import MAX_CHUNK, TALLY_CHUNKS
from shoal.domain.sweep_state import SweepState
from shoal.domain.tally import Entry, Sum, Tally
from shoal.domain.webhook import DeliveryAttempt, OldSecret, Webhook, WebhookResponse
from shoal.domain.window import Window
from shoal.domain.workers import Worker
from shoal.ports.effects import MAX_EFFECT_BYTES, KeptEffect
from shoal.ports.exports import ExportSlot
from shoal.ports.task_types import TaskType
from shoal.service.request_rates import RATES
from tests.contract.examples import EXPIRES_AT, NOW, a_chunk, a_job, fresh_id
from tests.contract.test_sizes import size

ROW: Final = 400 * 1_024
WIDE: Final = "\U0001f680"
"""A character of 4 bytes, and of 12 as JSON."""
TENANT: Final = "t" * 63
WHO: Final = WIDE * 128
"""The longest user name of Cognito."""


# A job's row

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)
values = st.one_of(texts, st.integers(-(2**53), 2**53), st.floats(allow_nan=False))
indices = st.integers(0, 999_999)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    step, first = draw(st.integers(1, 99)), draw(st.integers(0, 9_999))
    count = draw(st.sampled_from((0, 1, 100, MOST_INDICES)))
    if not count:
        return Selection(cause=draw(st.sampled_from((None, "0123456789abcdef"))))
    return Selection.of_indices(range(first, first + step * count, step))


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """A job with what a user may send: the bodies are checked in shoal.wire."""
    seed = draw(texts)
    listed = draw(st.sampled_from((1, 100, 10_000)))
    alike = draw(st.booleans())
    axis = [seed if alike else f"{seed}{pow(7, n, 2**61 - 1)}" for n in range(listed)]
    tags = draw(st.dictionaries(texts.map(lambda key: key[:128]), texts, max_size=50))
    job = a_job()
    return replace(
        job,
        tenant=TENANT,
        spec=replace(
            job.spec,
            source=Grid({"axis": axis, "range": range(0, 10**6, 7)}),
            name=draw(texts),
            params={"a": draw(values), "b": WIDE * draw(st.integers(0, 600))},
            tags=tags,
            retry=RetryPolicy(100, non_retryable=("E" * 100,) * draw(st.sampled_from((0, 100)))),
        ),
        trace="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        status=JobStatus.FAILED,
        counts=Counts(failed=10**6),
    )


def discarded(job: Job, selection: Selection, reason: str, times: int) -> Job:
    """The job after as many discards, of the selection and of causes, as are accepted."""
    accepted = job
    try:
        job = job.discard(Discard(selection, reason, WHO, NOW))
        check_size(job)
        accepted = job
        for number in range(times):
            job = job.discard(Discard(Selection(f"{number:016x}"), reason, WHO, NOW))
            if number % 10 == 9:
                check_size(job)
                accepted = job
    except (IllegalMove, InvalidRequest):
        pass
    return accepted


def grown(job: Job) -> Job:
    """The job after everything that happens to it without a request of a user."""
    generations = range(1, MOST_GENERATIONS + 2)
    job = replace(
        job,
        generation=MOST_GENERATIONS,
        version=2**53,
        paused_for=1e15 / 3,
        outcomes=dict.fromkeys(generations, JobStatus.COMPLETED),
        status=JobStatus.RUNNING,
    )
    job = job.wait("token" * 400, NOW).stop(JobStatus.FAILED, WIDE * 10_000)
    return job.close(JobStatus.FAILED, None, Counts(*[10**6] * 6), 2**53, NOW)


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    job=jobs(),
    selection=selections(),
    discard=selections(),
    reason=st.sampled_from(("no", '"' * 500, WIDE * 500)),
    times=st.sampled_from((0, 10, MOST_DISCARDS)),
    canary=st.booleans(),
)
def test_a_job_that_is_accepted_fits_into_its_row_to_its_end(
    job: Job, selection: Selection, discard: Selection, reason: str, times: int, *, canary: bool
) -> None:
    try:
        check_size(job)
    except InvalidRequest:
        return
    before = discarded(job, discard, reason, times)
    sample = Canary(
        share=0.01,
        bar=0.9,
        chosen=Selection("0123456789abcdef"),
        tried=MOST_INDICES,
        more=True,
        completed=10**6,
        generation=before.generation + 1,
    )
    try:
        retried = before.retry(NOW, selection=selection, canary=sample if canary else None)
        check_size(retried)
    except (IllegalMove, InvalidRequest):
        retried = before

    assert size(job_row(before)) <= MOST_AT_REQUEST
    for each in (before, retried):
        later = size(job_row(grown(each)))
        assert later < ROW
        assert later - size(job_row(each)) < ROW - MOST_AT_REQUEST
    if canary and retried is not before:
        tried = replace(retried, status=JobStatus.RUNNING)
        passed = tried.close(JobStatus.FAILED, None, Counts(completed=2 * 10**6), 1, NOW)
        rest = passed.continued_after_canary(tried)
        assert rest is not None
        assert size(job_row(grown(rest))) < ROW


def test_the_reason_of_a_job_is_cut() -> None:
    job = a_job().stop(JobStatus.FAILED, "x" * 10_000)

    assert job.reason == "x" * (MOST_REASON - 1) + "…"


# A chunk's row


def reported(chunk: Chunk, number: int, offsets: list[int], *, attempt: int) -> Chunk:
    """The chunk after a partial report of failed attempts of the tasks at these positions."""
    accepted = chunk.report(
        epoch=chunk.epoch,
        number=number,
        final=False,
        outcomes=[Outcome(chunk.first + offset, attempt, NOW, 1.0) for offset in offsets],
        policy=RetryPolicy(100),
        jitter=0.0,
        now=NOW,
        length=60.0,
    )
    assert isinstance(accepted, Accepted)
    return accepted.chunk


positions = st.sets(st.integers(0, MAX_CHUNK - 1), min_size=1, max_size=40)


@settings(deadline=None, max_examples=20)
@given(first=st.lists(positions, max_size=40), reports=st.lists(positions, min_size=1, max_size=40))
def test_the_part_with_the_latest_outcome_of_a_task_is_never_dropped(
    first: list[set[int]], reports: list[set[int]]
) -> None:
    granted = replace(a_chunk(fresh_id(), size=MAX_CHUNK)).grant("w", "r", NOW, 60.0)
    assert isinstance(granted, Granted)
    chunk, latest, number = granted.chunk, dict[int, int](), 0
    for offsets in (*first, *islice(cycle(reports), MOST_PARTS + 20)):
        number += 1
        running = replace(chunk, statuses="R" * MAX_CHUNK, attempts=(1,) * MAX_CHUNK)
        chunk = reported(running, number, sorted(offsets), attempt=1)
        latest |= dict.fromkeys(offsets, number)

    assert len(chunk.parts) == MOST_PARTS
    found = {offset: chunk.part_of(offset) for offset in latest}
    assert {offset: key and key.report for offset, key in found.items()} == latest
    newest = [part.report for part in chunk.parts]
    assert newest == sorted(newest)
    assert number in newest


def test_the_largest_row_of_a_chunk_fits() -> None:
    singles = tuple((offset, offset + 1) for offset in range(1, MAX_CHUNK, 2))
    chunk = Chunk(
        job=fresh_id(),
        number=65_535,
        first=999_744,
        generation=MOST_GENERATIONS,
        statuses="CF" * (MAX_CHUNK // 2),
        attempts=(100, 99) * (MAX_CHUNK // 2),
        epoch=2**53,
        version=2**53,
        lease=Lease("w" * 128, "r" * 64, NOW / 3),
        token_hash=hash_of("secret"),
        current_task=CurrentTask(999_999, 1 / 3),
        reported=100_000,
        crashes=3,
        not_before=NOW / 3,
        sent_at=NOW / 3,
        sends=2**53,
        parts=tuple(Part(2**53, 100_000 + n, singles) for n in range(MOST_PARTS)),
        span=Span(10**9, 10**9),
        successor=65_535,
        expires_at=EXPIRES_AT,
    )

    assert size(chunk_row(chunk)) < ROW


# Tallies and sums

LARGE: Final = Counts(*[MAX_CHUNK] * 6)


def test_the_largest_tally_and_the_largest_sums_fit() -> None:
    entry = Entry(MOST_GENERATIONS, 2**53, LARGE)
    tally = Tally(fresh_id(), 1_023, dict.fromkeys(range(TALLY_CHUNKS), entry))
    each = pack_sum(Sum(2**53, Counts(*[10**6] * 6)))
    sums = {str(number): {"S": each} for number in range(1_024)}

    assert size(tally_row(tally, EXPIRES_AT)) < 8 * 1_024
    assert size(sums) < 100 * 1_024


def test_the_largest_window_fits() -> None:
    window = Window(65_536, 65_536, 65_536, sending=(65_535, 65_536))

    assert size(window_row(replace(a_job(), generation=MOST_GENERATIONS), window)) < 1_024


# Rows of other stores, as they are sent


class Recorder:
    """A DynamoDB client that keeps what would be written."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def put_item(self, **request: Any) -> Mapping[str, Any]:
        self.sizes.append(size(request["Item"]))
        return {}

    def update_item(self, **request: Any) -> Mapping[str, Any]:
        self.sizes.append(size(request["Key"] | request["ExpressionAttributeValues"]))
        return {}

    def transact_write_items(self, **request: Any) -> Mapping[str, Any]:
        for each in request["TransactItems"]:
            ((kind, write),) = each.items()
            if kind == "Put":
                self.put_item(**write)
            elif kind == "Update":
                self.update_item(**write)
        return {}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def registry(recorder: Recorder) -> Registry:
    client: Any = recorder
    return Registry(client, "registry")


def test_the_largest_effect_fits(recorder: Recorder) -> None:
    client: Any = recorder
    value = "x" * (MAX_EFFECT_BYTES - 2)

    DynamoEffectStore(Table(client, "tasks")).put_effect(
        a_chunk(fresh_id()), 999_999, "k" * 200, KeptEffect(value)
    )

    assert max(recorder.sizes) < 40 * 1_024


def test_the_largest_task_type_fits(recorder: Recorder, registry: Registry) -> None:
    schema = {"enum": ["x" * 65_000]}
    retry = RetryPolicy(100, non_retryable=(WIDE * 100,) * 100)
    task_type = TaskType(
        "t" * 100, schema, 300.0, WIDE * 2_000, retry, 256, "i" * 500, "d" * 100, 1 / 3
    )

    DynamoTypeRegistry(registry, FixedClock()).register(task_type)

    assert max(recorder.sizes) < 250 * 1_024


def test_the_largest_worker_fits(recorder: Recorder, registry: Registry) -> None:
    worker = Worker(
        name="w" * 128,
        types=("t" * 100,) * 200,
        seen_at=NOW,
        started_at=NOW,
        number=2**53,
        every=1 / 3,
        version=WIDE * 100,
        image=WIDE * 500,
        digest=WIDE * 100,
        host=WIDE * 255,
        slots=100_000,
        queues=("high", "normal", "low"),
    )

    DynamoWorkerStore(registry).record(worker)

    assert max(recorder.sizes) < 40 * 1_024


def test_the_largest_tenant_fits(recorder: Recorder, registry: Registry) -> None:
    own = {"open_jobs": 10**6, "queued_tasks": 10**12, "submit_rate": 1 / 3, "submit_burst": 10**5}
    tenant = Tenant(
        name=TENANT, own=own | {"retention_days": 3_650}, bucket=TokenBucket(1 / 3, NOW), version=9
    )
    store = DynamoTenantStore(registry, WatchList(registry, Table(registry.client, "jobs")))

    store.put(tenant)
    store.admit(tenant, replace(a_job(tenant=TENANT), task_count=10**6))
    DynamoSweepStore(registry).put(SweepState(cursor=fresh_id(), locked_until=NOW, version=1))

    assert max(recorder.sizes) < 1_024


def test_the_largest_webhook_and_delivery_attempt_fit(
    recorder: Recorder, registry: Registry
) -> None:
    store = DynamoWebhookStore(registry)
    webhook = Webhook(
        id="wh_" + "0" * 26,
        tenant=TENANT,
        url="https://" + WIDE * 2_040,
        secret="s" * 60,
        created_at=NOW,
        events=("job.completed",) * 32,
        description=WIDE * 200,
        old=(OldSecret("s" * 60, NOW),) * 4,
        failing_since=NOW,
        disabled_at=NOW,
        disabled_why="all attempts of three days failed",
    )
    response = WebhookResponse(None, 1 / 3, "x" * 200)
    attempt = DeliveryAttempt(webhook.id, "e" * 64, "job.completed", 10, NOW, response, NOW)

    store.put(webhook)
    store.record_attempt(attempt, expires_at=EXPIRES_AT)

    assert max(recorder.sizes) < 40 * 1_024


def test_the_largest_bulk_action_fits(recorder: Recorder, registry: Registry) -> None:
    job_id = fresh_id()
    action = BulkAction(
        id="bulk_" + "0" * 26,
        tenant=TENANT,
        by=WHO,
        verb=BulkVerb.RETRY,
        which=JobFilter(
            statuses=frozenset(JobStatus),
            since=NOW / 3,
            until=NOW / 3,
            task_type="t" * 100,
            name=WIDE * 200,
            tag=Tag(WIDE * 128, WIDE * 256),
        ),
        dry_run=False,
        fingerprint="f" * 32,
        created_at=NOW,
        expires_at=EXPIRES_AT,
        taken=(Taken(job_id, 10**6),) * 50,
        cursor="0" * 80,
        refusals=(Refusal(job_id, "x" * 500),) * EXAMPLES,
        reason="x" * 500,
    )

    DynamoBulkStore(registry).create(action)

    assert max(recorder.sizes) < 20 * 1_024


def test_the_largest_record_of_dead_letters_fits(recorder: Recorder, registry: Registry) -> None:
    letter = DeadLetter(65_535, 999_999, 1_000, NOW / 3)
    letters = DeadLetters(
        tenant=TENANT,
        job_id=fresh_id(),
        cause=DeadCause.CHUNK_ENDED,
        first_at=NOW,
        last_at=NOW,
        count=2**53,
        receives=1_000,
        examples=(letter,) * EXAMPLE_LETTERS,
        expires_at=EXPIRES_AT,
    )

    DynamoDeadLetterStore(registry).put(letters)

    assert max(recorder.sizes) < 1_024


def test_the_largest_audit_event_fits(recorder: Recorder, registry: Registry) -> None:
    tags = ", ".join([WIDE * 128] * 10)
    detail = {"tags": tags, "name": WIDE * 200, "reason": WIDE * 500, "indices": "1," * 100}
    event = AuditEvent("i" * 64, TENANT, WHO, Action.CHANGE, fresh_id(), NOW, detail)

    DynamoAuditLog(registry).add(event, expires_at=EXPIRES_AT)

    assert len(json.dumps(detail)) > 20_000
    assert max(recorder.sizes) < 30 * 1_024


def test_the_largest_rows_of_the_live_api_fit(recorder: Recorder, registry: Registry) -> None:
    connection = Connection("c" * 128, TENANT, WHO, EXPIRES_AT)
    topics = {"SS": [f"{number:030}" for number in range(MOST_SUBSCRIPTIONS)]}

    DynamoLiveStore(registry, FixedClock()).connect(connection)

    assert max(recorder.sizes) + size({"topics": topics}) < 4 * 1_024


def test_the_row_of_an_api_client_fits(recorder: Recorder, registry: Registry) -> None:
    DynamoMachineStore(registry).put("c" * 128, TENANT)

    assert max(recorder.sizes) < 1_024


def test_the_largest_rate_and_slot_of_an_export_fit(recorder: Recorder, registry: Registry) -> None:
    slot = ExportSlot(0, fresh_id(), "exp_" + "0" * 26, 2**53, NOW)

    for rate in RATES.values():
        DynamoRateStore(registry).take(TENANT, rate, int(NOW * 1e6))
    DynamoExportSlots(registry).take(TENANT, slot, over=None)
    DynamoExportSlots(registry).record_answer(
        TENANT, slot.export_id, slot.export_id, expires_at=EXPIRES_AT
    )

    assert max(recorder.sizes) < 1_024
