import json
from dataclasses import replace

import pytest

from shoal.adapters.dynamodb.registry import Registry
from shoal.domain.bulk import BulkAction, BulkStatus, BulkVerb, Progress, Refusal, Taken
from shoal.domain.errors import WriteConflict
from shoal.domain.ids import new_bulk_id
from shoal.domain.job import JobStatus
from shoal.domain.job_filter import JobFilter, Tag
from tests.contract.aws_services import Aws
from tests.contract.examples import fresh_id
from tests.contract.port_sets import Ports, on_aws

NOW = 1_800_000_000.0


def an_action(tenant: str, number: int = 0) -> BulkAction:
    return BulkAction(
        id=new_bulk_id(NOW + number, b"0123456789"),
        tenant=tenant,
        by="ada",
        verb=BulkVerb.CANCEL,
        which=JobFilter(
            statuses=frozenset({JobStatus.RUNNING, JobStatus.FAILED}),
            since=NOW - 60,
            until=NOW,
            task_type="noop",
            name="nightly",
            tag=Tag("team"),
        ),
        dry_run=False,
        fingerprint="f",
        created_at=NOW + number,
        expires_at=2_000_000_000,
    )


def test_an_action_is_read_as_it_was_written(ports: Ports) -> None:
    action = an_action(fresh_id())
    assert ports.bulk.create(action)

    taken = action.take((Taken("job_1", 1), Taken("job_2", 3)), "place")
    ports.bulk.put(taken)
    kept = ports.bulk.get(action.tenant, action.id)
    moved = taken.after(Progress(3, (Refusal("job_1", "no"),)), NOW + 1)
    ports.bulk.put(moved)
    last = moved.take((), None)
    ports.bulk.put(last)
    ended = last.after(Progress(2), NOW + 2)
    ports.bulk.put(ended)

    assert kept == taken
    assert ports.bulk.get(action.tenant, action.id) == ended
    assert (ended.status, ended.done, ended.refused) == (BulkStatus.COMPLETED, 5, 1)
    assert ended.cursor is None


def test_an_action_is_made_once(ports: Ports) -> None:
    action = an_action(fresh_id())

    first, second = ports.bulk.create(action), ports.bulk.create(replace(action, by="bob"))

    assert (first, second) == (True, False)
    assert ports.bulk.get(action.tenant, action.id) == action


def test_a_write_over_another_version_is_refused(ports: Ports) -> None:
    action = an_action(fresh_id())
    ports.bulk.create(action)
    ports.bulk.put(action.abort())

    with pytest.raises(WriteConflict):
        ports.bulk.put(action.take((), "place"))


def test_an_action_of_another_tenant_is_not_found(ports: Ports) -> None:
    action = an_action(fresh_id())
    ports.bulk.create(action)

    assert ports.bulk.get(fresh_id(), action.id) is None
    assert ports.bulk.page(fresh_id(), limit=10, start=None).actions == []


def test_a_key_goes_with_the_first_id_that_was_given_for_it(ports: Ports) -> None:
    tenant, key = fresh_id(), fresh_id()

    ids = [
        ports.bulk.keyed(tenant, key, "bulk_1", expires_at=2_000_000_000),
        ports.bulk.keyed(tenant, key, "bulk_2", expires_at=2_000_000_000),
        ports.bulk.keyed(fresh_id(), key, "bulk_3", expires_at=2_000_000_000),
    ]

    assert ids == ["bulk_1", "bulk_1", "bulk_3"]


def test_actions_are_listed_newest_first_in_pages(ports: Ports) -> None:
    tenant = fresh_id()
    actions = [an_action(tenant, number) for number in range(5)]
    for action in actions:
        ports.bulk.create(action)

    first = ports.bulk.page(tenant, limit=3, start=None)
    rest = ports.bulk.page(tenant, limit=3, start=first.next_key)

    assert [*first.actions, *rest.actions] == actions[::-1]
    assert rest.next_key is None


def test_a_page_of_an_earlier_version_has_no_generations(aws: Aws) -> None:
    ports, action = on_aws(aws), an_action(fresh_id())
    ports.bulk.create(action.take((Taken("job_1", None), Taken("job_2", None)), "place"))

    (row,) = Registry(aws.dynamodb, "registry").partition(f"bulk#{action.tenant}")
    found = ports.bulk.get(action.tenant, action.id)

    assert json.loads(row["state"]["S"])["taken"] == ["job_1", "job_2"]
    assert found is not None
    assert found.taken == (Taken("job_1", None), Taken("job_2", None))
