"""Outcomes of side effects, under the fence of a lease."""

import pytest

from shoal.domain.chunk import Chunk, Granted
from shoal.domain.errors import WriteConflict
from shoal.ports.effects import KeptEffect
from tests.contract.examples import NOW, fresh_id
from tests.contract.port_sets import Ports


def leased(ports: Ports) -> Chunk:
    """A chunk of two tasks that a worker holds."""
    chunk = Chunk.new(fresh_id(), 0, first=0, size=2, now=NOW)
    ports.chunks.create([chunk])
    grant = chunk.grant("w", "r", NOW, 60.0)
    assert isinstance(grant, Granted)
    ports.chunks.put(grant.chunk)
    return grant.chunk


@pytest.mark.parametrize("value", [{"receipt": [1, 2.5, "grüße"]}, None, 0, ""])
def test_an_effect_is_kept(ports: Ports, value: object) -> None:
    chunk = leased(ports)

    assert ports.effects.put_effect(chunk, 0, "charge", KeptEffect(value))  # type: ignore[arg-type]

    assert ports.effects.effect(chunk.job, 0, "charge") == KeptEffect(value)  # type: ignore[arg-type]


def test_the_first_effect_of_a_key_stays(ports: Ports) -> None:
    chunk = leased(ports)
    ports.effects.put_effect(chunk, 0, "charge", KeptEffect(1))

    assert not ports.effects.put_effect(chunk, 0, "charge", KeptEffect(2))

    assert ports.effects.effect(chunk.job, 0, "charge") == KeptEffect(1)


def test_an_effect_is_its_tasks_and_its_keys(ports: Ports) -> None:
    chunk = leased(ports)
    ports.effects.put_effect(chunk, 0, "charge", KeptEffect(1))

    assert ports.effects.effect(chunk.job, 1, "charge") is None
    assert ports.effects.effect(chunk.job, 0, "refund") is None


def test_a_worker_that_lost_the_lease_stores_no_effect(ports: Ports) -> None:
    chunk = leased(ports)
    later = chunk.grant("other", "r2", NOW + 120, 60.0)
    assert isinstance(later, Granted)
    ports.chunks.put(later.chunk)

    with pytest.raises(WriteConflict):
        ports.effects.put_effect(chunk, 0, "charge", KeptEffect(1))

    assert ports.effects.effect(chunk.job, 0, "charge") is None


def test_a_chunk_without_a_lease_stores_no_effect(ports: Ports) -> None:
    chunk = leased(ports)
    ports.chunks.put(chunk.seal())

    with pytest.raises(WriteConflict):
        ports.effects.put_effect(chunk, 0, "charge", KeptEffect(1))
