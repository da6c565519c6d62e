import pytest

from shoal.domain.retry import RetryPolicy
from shoal.ports.task_types import TaskType
from tests.contract.examples import fresh_id
from tests.contract.worlds import World


def a_type() -> TaskType:
    schema = {"type": "object", "properties": {"n": {"minimum": 0.5}}}
    return TaskType(
        fresh_id(),
        schema,
        timeout=30.0,
        description="sleeps",
        retry=RetryPolicy(3, non_retryable=("ValueError",)),
        batch=50,
        image="shoal-worker:1",
        digest="sha256:0",
    )


def test_a_registered_type_is_found(world: World) -> None:
    task_type = a_type()

    world.types.register(task_type)

    assert world.types.get(task_type.name) == task_type
    assert task_type in world.types.all()


def test_an_unknown_type_is_none(world: World) -> None:
    assert world.types.get(fresh_id()) is None


def test_a_type_registered_after_it_was_missed_is_found_at_once(world: World) -> None:
    task_type = TaskType(fresh_id(), {})
    world.types.get(task_type.name)

    world.types.register(task_type)

    assert world.types.get(task_type.name) == task_type


def test_measurements_move_the_mean_and_survive_registration(world: World) -> None:
    task_type = a_type()
    world.types.register(task_type)

    world.types.record_duration(task_type.name, 10.0)
    world.types.record_duration(task_type.name, 20.0)
    world.types.register(task_type)

    found = world.types.get(task_type.name)
    assert found is not None
    assert found.mean_seconds == pytest.approx(13.0)


def test_measuring_registers_nothing(world: World) -> None:
    name = fresh_id()

    world.types.record_duration(name, 10.0)

    assert world.types.get(name) is None
    assert name not in {each.name for each in world.types.all()}


def test_a_read_type_may_be_a_minute_old_and_no_older(world: World) -> None:
    task_type = a_type()
    world.types.register(task_type)
    world.types.get(task_type.name)
    world.types.record_duration(task_type.name, 10.0)

    world.clock.advance(61.0)

    found = world.types.get(task_type.name)
    assert found is not None
    assert found.mean_seconds == 10.0
