from dataclasses import replace

import pytest

from shoal.domain.bulk import BulkAction, BulkStatus, BulkVerb, Progress, Refusal
from shoal.domain.errors import WriteConflict
from shoal.domain.ids import new_bulk_id
from shoal.domain.job import JobStatus
from shoal.domain.job_filter import JobFilter, Tag
from tests.contract.examples import fresh_id
from tests.contract.worlds import World

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


def test_an_action_is_read_as_it_was_written(world: World) -> None:
    action = an_action(fresh_id())
    assert world.bulk.create(action)

    taken = action.take(("job_1", "job_2"), "place")
    world.bulk.put(taken)
    kept = world.bulk.get(action.tenant, action.id)
    moved = taken.after(Progress(3, (Refusal("job_1", "no"),)), NOW + 1)
    world.bulk.put(moved)
    last = moved.take((), None)
    world.bulk.put(last)
    ended = last.after(Progress(2), NOW + 2)
    world.bulk.put(ended)

    assert kept == taken
    assert world.bulk.get(action.tenant, action.id) == ended
    assert (ended.status, ended.done, ended.refused) == (BulkStatus.COMPLETED, 5, 1)
    assert ended.cursor is None


def test_an_action_is_made_once(world: World) -> None:
    action = an_action(fresh_id())

    first, second = world.bulk.create(action), world.bulk.create(replace(action, by="bob"))

    assert (first, second) == (True, False)
    assert world.bulk.get(action.tenant, action.id) == action


def test_a_write_over_another_version_is_refused(world: World) -> None:
    action = an_action(fresh_id())
    world.bulk.create(action)
    world.bulk.put(action.abort())

    with pytest.raises(WriteConflict):
        world.bulk.put(action.take((), "place"))


def test_another_tenants_action_is_not_there(world: World) -> None:
    action = an_action(fresh_id())
    world.bulk.create(action)

    assert world.bulk.get(fresh_id(), action.id) is None
    assert world.bulk.page(fresh_id(), limit=10, start=None).actions == []


def test_a_key_goes_with_the_first_id_that_was_given_for_it(world: World) -> None:
    tenant, key = fresh_id(), fresh_id()

    ids = [
        world.bulk.keyed(tenant, key, "bulk_1", expires_at=2_000_000_000),
        world.bulk.keyed(tenant, key, "bulk_2", expires_at=2_000_000_000),
        world.bulk.keyed(fresh_id(), key, "bulk_3", expires_at=2_000_000_000),
    ]

    assert ids == ["bulk_1", "bulk_1", "bulk_3"]


def test_actions_are_listed_newest_first_in_pages(world: World) -> None:
    tenant = fresh_id()
    actions = [an_action(tenant, number) for number in range(5)]
    for action in actions:
        world.bulk.create(action)

    first = world.bulk.page(tenant, limit=3, start=None)
    rest = world.bulk.page(tenant, limit=3, start=first.next_key)

    assert [*first.actions, *rest.actions] == actions[::-1]
    assert rest.next_key is None
