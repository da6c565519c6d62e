"""Rows that a later version of the code wrote, after a roll-back: they are read, kept and shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.adapters.dynamodb.bulk import DynamoBulkStore
from shoal.adapters.dynamodb.registry import Registry
from shoal.adapters.dynamodb.webhooks import DynamoWebhookStore
from shoal.adapters.rows.changes import job_change
from shoal.adapters.rows.chunks import chunk_of, chunk_row
from shoal.adapters.rows.jobs import job_of, job_row
from shoal.adapters.rows.later_versions import member
from shoal.adapters.rows.tallies import tally_of
from shoal.domain.bulk import BulkAction, BulkVerb
from shoal.domain.canary import Canary
from shoal.domain.chunk import Chunk, CurrentTask, Lease, Part, Span
from shoal.domain.counts import TaskStatus
from shoal.domain.errors import IllegalMove, Unavailable
from shoal.domain.job import Job, JobStatus, Lines, Priority
from shoal.domain.job_event import events_of
from shoal.domain.job_filter import JobFilter
from shoal.domain.lease_token import hash_of
from shoal.domain.retry import RetryPolicy
from shoal.domain.selection import Discard, Selection
from shoal.domain.webhook import Webhook
from shoal.service.job_updates import update_job
from tests.contract.aws_services import Aws
from tests.contract.examples import NOW, a_chunk, a_job, create_job, fresh_id
from tests.contract.port_sets import on_aws

NAMES = st.text("abcdefghij_", min_size=3, max_size=9).map(lambda name: f"new_{name}")
VALUES = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=3)
ATTRIBUTES = st.dictionaries(NAMES, st.text(max_size=5).map(lambda value: {"S": value}), max_size=3)


def a_full_job() -> Job:
    """A job whose row has every attribute and every kind of record."""
    job = a_job()
    spec = replace(job.spec, name="n", tags={"a": "b"}, retry=RetryPolicy())
    selection = Selection(runs=((0, 3),))
    return replace(
        job,
        spec=spec,
        status=JobStatus.RUNNING,
        waited_at=NOW,
        selection=selection,
        discards=(Discard(Selection(), "why", "who", NOW),),
        canary=Canary(
            share=0.5, bar=1.0, chosen=Selection(), tried=1, more=True, completed=0, generation=2
        ),
        outcomes={1: JobStatus.FAILED},
    )


def a_full_chunk() -> Chunk:
    return replace(
        a_chunk(fresh_id(), size=3),
        lease=Lease("w", "r", NOW),
        token_hash=hash_of("secret"),
        current_task=CurrentTask(1, 0.5),
        reported=1,
        crashes=1,
        not_before=NOW,
        parts=(Part(1, 1, ((0, 1),)),),
        span=Span(0, 9),
        successor=3,
        expires_at=9,
    )


def with_fields(
    row: Mapping[str, Any], attribute: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the row with more fields in one of its JSON attributes."""
    stored = json.loads(row[attribute]["S"])
    return {**row, attribute: {"S": json.dumps(stored | fields, separators=(",", ":"))}}


def fields_of(row: Mapping[str, Any], attribute: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(row[attribute]["S"])
    return fields


@given(ATTRIBUTES, FIELDS, FIELDS)
def test_unknown_fields_of_a_job_are_kept(
    attributes: dict[str, Any], state: dict[str, Any], spec: dict[str, Any]
) -> None:
    job = a_full_job()
    row = with_fields(with_fields({**job_row(job), **attributes}, "state", state), "spec", spec)

    read = job_of(row)
    written = job_row(read)

    assert replace(read, unknown={}) == job
    assert fields_of(written, "state") == fields_of(row, "state")
    assert fields_of(written, "spec") == fields_of(row, "spec")
    assert {name: written[name] for name in attributes} == attributes
    assert job_row(job_of(written)) == written


def test_every_field_of_a_job_is_known() -> None:
    assert job_of(job_row(a_full_job())).unknown == {}


@pytest.mark.parametrize("record", ["canary", "selection"])
def test_unknown_fields_of_a_record_of_a_job_are_ignored(record: str) -> None:
    job = a_full_job()
    row = job_row(job)
    stored = fields_of(row, "state")

    read = job_of(with_fields(row, "state", {record: stored[record] | {"new": 1}}))

    assert getattr(read, record) == getattr(job, record)


@given(ATTRIBUTES)
def test_unknown_attributes_of_a_chunk_are_kept(attributes: dict[str, Any]) -> None:
    chunk = a_full_chunk()
    row = {**chunk_row(chunk), **attributes}

    read = chunk_of(row)

    assert replace(read, unknown={}) == chunk
    assert chunk_row(read) == row


def test_every_attribute_of_a_chunk_is_known() -> None:
    assert chunk_of(chunk_row(a_full_chunk())).unknown == {}


def test_later_items_of_a_lease_are_ignored() -> None:
    chunk = a_full_chunk()
    row = chunk_row(chunk)
    lease: Any = {"L": [*row["l"]["L"], {"S": "new"}]}

    assert chunk_of({**row, "l": lease}).lease == chunk.lease


@given(FIELDS, ATTRIBUTES)
def test_unknown_fields_of_bulk_actions_are_kept(
    state: dict[str, Any], attributes: dict[str, Any]
) -> None:
    client = StoredItems()
    store = DynamoBulkStore(Registry(client, "registry"))  # type: ignore[arg-type]
    action = BulkAction(
        id="bulk_1",
        tenant="t",
        by="ada",
        verb=BulkVerb.RETRY,
        which=JobFilter(),
        dry_run=False,
        fingerprint="f",
        created_at=NOW,
        expires_at=9,
    )
    store.create(action)
    client.item = with_fields({**client.item, **attributes}, "state", state)

    read = store.get("t", "bulk_1")
    assert read is not None
    store.put(read.take((), None))

    assert replace(read, unknown={}) == action
    assert fields_of(client.item, "state").items() >= state.items()
    assert client.item.items() >= attributes.items()


@given(FIELDS, ATTRIBUTES)
def test_unknown_fields_of_webhooks_are_kept(
    about: dict[str, Any], attributes: dict[str, Any]
) -> None:
    client = StoredItems()
    store = DynamoWebhookStore(Registry(client, "registry"))  # type: ignore[arg-type]
    secret = "s" * 40
    webhook = Webhook(id="wh_1", tenant="t", url="https://x", secret=secret, created_at=NOW)
    store.put(webhook)
    client.item = with_fields({**client.item, **attributes}, "about", about)

    read = store.get("t", "wh_1")
    assert read is not None
    store.put(replace(read, description="new", version=2))

    assert replace(read, unknown={}) == webhook
    assert fields_of(client.item, "about").items() >= about.items()
    assert client.item.items() >= attributes.items()


class StoredItems:
    """A DynamoDB client with one item."""

    def __init__(self) -> None:
        self.item: dict[str, Any] = {}

    def put_item(self, **request: Any) -> dict[str, Any]:
        self.item = dict(request["Item"])
        return {}

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": self.item}


@pytest.mark.parametrize("kind", [JobStatus, Priority, TaskStatus, BulkVerb])
def test_unknown_member_keeps_its_value_and_equals_no_other(kind: Any) -> None:
    unknown = member(kind, "NEW")

    assert (unknown, str(unknown), unknown.value, json.dumps(unknown)) == ("NEW",) * 3 + ('"NEW"',)
    assert all(unknown != each for each in kind)
    assert unknown not in frozenset(kind)


def a_job_of_an_unknown(**state: Any) -> Job:
    return job_of(with_fields(job_row(a_full_job()), "state", state))


UNKNOWN = [
    pytest.param(a_job_of_an_unknown(status="WAITING"), id="status"),
    pytest.param(a_job_of_an_unknown(ending="SKIPPED"), id="ending"),
    pytest.param(
        job_of(with_fields(job_row(a_full_job()), "spec", {"priority": "urgent"})), id="priority"
    ),
    pytest.param(
        job_of(with_fields(job_row(a_full_job()), "spec", {"source": {"from": "job_1"}})),
        id="source",
    ),
]


@pytest.mark.parametrize("job", UNKNOWN)
def test_job_of_an_unknown_state_is_kept_unchanged(job: Job) -> None:
    assert not job.known
    assert job_of(job_row(job)) == job


def test_job_of_an_unknown_status_is_neither_live_nor_closed() -> None:
    job = a_job_of_an_unknown(status="WAITING")

    assert (job.live, job.closed, job.stopping) == (False, False, False)
    with pytest.raises(IllegalMove):
        job.retry(NOW)


def test_job_with_an_unknown_source_keeps_it() -> None:
    source = {"from": "job_1"}

    job = job_of(with_fields(job_row(a_full_job()), "spec", {"source": source}))

    assert isinstance(job.spec.source, Lines)
    assert fields_of(job_row(job), "spec")["source"] == source


def test_job_of_an_unknown_status_is_listed_and_not_changed(aws: Aws) -> None:
    ports, tenant = on_aws(aws), fresh_id()
    job = replace(a_job_of_an_unknown(status="WAITING"), tenant=tenant)
    create_job(ports, job)

    page = ports.jobs.page(tenant, JobFilter(), limit=5, start=None)
    with pytest.raises(Unavailable, match="WAITING"):
        update_job(ports.jobs, job.id, lambda row: row.executed(2))

    assert page.jobs == [job]
    assert ports.jobs.get(job.id) == job


def test_change_to_an_unknown_status_publishes_no_event() -> None:
    before, after = a_full_job(), a_job_of_an_unknown(status="WAITING")
    record = {"dynamodb": {"OldImage": job_row(before), "NewImage": job_row(after)}}

    change = job_change(record)

    assert change is not None
    assert events_of(*change) == []


def test_chunk_with_an_unknown_letter_is_neither_finished_nor_known() -> None:
    chunk = replace(a_full_chunk(), statuses="CCZ")

    read = chunk_of(chunk_row(chunk))

    assert read == chunk
    assert (read.finished, read.known, read.counts.running, read.counts.completed) == (
        *(False, False, 1, 2),
    )
    assert read.status_of(2) is TaskStatus.RUNNING


def test_unknown_letter_of_a_tally_counts_as_running() -> None:
    tally = tally_of({"id": {"S": "job_1#tally#0"}, "0": {"S": "a7.1:2C1Z"}})

    assert (tally.entries[0].counts.completed, tally.entries[0].counts.running) == (2, 1)
    assert not tally.entries[0].ended(1)
