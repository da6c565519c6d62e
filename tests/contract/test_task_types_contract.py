import pytest

from shoal.domain.retry import RetryPolicy
from shoal.ports.task_types import TaskType
from tests.contract.examples import fresh_id
from tests.contract.port_sets import Ports


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


def test_a_registered_type_is_found(ports: Ports) -> None:
    task_type = a_type()

    ports.types.register(task_type)

    assert ports.types.get(task_type.name) == task_type
    assert task_type in ports.types.all()


def test_an_unknown_type_is_none(ports: Ports) -> None:
    assert ports.types.get(fresh_id()) is None


def test_a_type_registered_after_it_was_missed_is_found_at_once(ports: Ports) -> None:
    task_type = TaskType(fresh_id(), {})
    ports.types.get(task_type.name)

    ports.types.register(task_type)

    assert ports.types.get(task_type.name) == task_type


def test_measurements_move_the_mean_and_survive_registration(ports: Ports) -> None:
    task_type = a_type()
    ports.types.register(task_type)

    ports.types.record_duration(task_type.name, 10.0)
    ports.types.record_duration(task_type.name, 20.0)
    ports.types.register(task_type)

    found = ports.types.get(task_type.name)
    assert found is not None
    assert found.mean_seconds == pytest.approx(13.0)


def test_measuring_registers_nothing(ports: Ports) -> None:
    name = fresh_id()

    ports.types.record_duration(name, 10.0)

    assert ports.types.get(name) is None
    assert name not in {each.name for each in ports.types.all()}


def test_a_read_type_may_be_a_minute_old_and_no_older(ports: Ports) -> None:
    task_type = a_type()
    ports.types.register(task_type)
    ports.types.get(task_type.name)
    ports.types.record_duration(task_type.name, 10.0)

    ports.clock.advance(61.0)

    found = ports.types.get(task_type.name)
    assert found is not None
    assert found.mean_seconds == 10.0
