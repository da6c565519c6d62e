"""Outcomes of side effects, under the fence of a lease."""

import pytest

from shoal.domain.chunk import Chunk, Granted
from shoal.domain.errors import WriteConflict
from shoal.ports.effects import KeptEffect
from tests.contract.examples import NOW, fresh_id
from tests.contract.worlds import World


def leased(world: World) -> Chunk:
    """A chunk of two tasks that a worker holds."""
    chunk = Chunk.new(fresh_id(), 0, first=0, size=2, now=NOW)
    world.chunks.create([chunk])
    grant = chunk.grant("w", "r", NOW, 60.0)
    assert isinstance(grant, Granted)
    world.chunks.put(grant.chunk)
    return grant.chunk


@pytest.mark.parametrize("value", [{"receipt": [1, 2.5, "grüße"]}, None, 0, ""])
def test_an_effect_is_kept(world: World, value: object) -> None:
    chunk = leased(world)

    assert world.effects.put_effect(chunk, 0, "charge", KeptEffect(value))  # type: ignore[arg-type]

    assert world.effects.effect(chunk.job, 0, "charge") == KeptEffect(value)  # type: ignore[arg-type]


def test_the_first_effect_of_a_key_stays(world: World) -> None:
    chunk = leased(world)
    world.effects.put_effect(chunk, 0, "charge", KeptEffect(1))

    assert not world.effects.put_effect(chunk, 0, "charge", KeptEffect(2))

    assert world.effects.effect(chunk.job, 0, "charge") == KeptEffect(1)


def test_an_effect_is_its_tasks_and_its_keys(world: World) -> None:
    chunk = leased(world)
    world.effects.put_effect(chunk, 0, "charge", KeptEffect(1))

    assert world.effects.effect(chunk.job, 1, "charge") is None
    assert world.effects.effect(chunk.job, 0, "refund") is None


def test_who_lost_the_lease_keeps_nothing(world: World) -> None:
    chunk = leased(world)
    later = chunk.grant("other", "r2", NOW + 120, 60.0)
    assert isinstance(later, Granted)
    world.chunks.put(later.chunk)

    with pytest.raises(WriteConflict):
        world.effects.put_effect(chunk, 0, "charge", KeptEffect(1))

    assert world.effects.effect(chunk.job, 0, "charge") is None


def test_a_chunk_that_nobody_holds_keeps_nothing(world: World) -> None:
    chunk = leased(world)
    world.chunks.put(chunk.seal())

    with pytest.raises(WriteConflict):
        world.effects.put_effect(chunk, 0, "charge", KeptEffect(1))
