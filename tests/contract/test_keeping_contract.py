"""Effects under the fence, and artifacts."""

from urllib.parse import parse_qs, urlsplit

import pytest

from shoal.domain.chunk import Chunk, Granted
from shoal.domain.errors import WriteConflict
from shoal.ports.keepsakes import Keepsake
from tests.contract.examples import NOW, fresh_id
from tests.contract.services import Aws
from tests.contract.worlds import World, on_aws


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

    assert world.effects.put_effect(chunk, 0, "charge", Keepsake(value))  # type: ignore[arg-type]

    assert world.effects.effect(chunk.job, 0, "charge") == Keepsake(value)  # type: ignore[arg-type]


def test_the_first_effect_of_a_key_stays(world: World) -> None:
    chunk = leased(world)
    world.effects.put_effect(chunk, 0, "charge", Keepsake(1))

    assert not world.effects.put_effect(chunk, 0, "charge", Keepsake(2))

    assert world.effects.effect(chunk.job, 0, "charge") == Keepsake(1)


def test_an_effect_is_its_tasks_and_its_keys(world: World) -> None:
    chunk = leased(world)
    world.effects.put_effect(chunk, 0, "charge", Keepsake(1))

    assert world.effects.effect(chunk.job, 1, "charge") is None
    assert world.effects.effect(chunk.job, 0, "refund") is None


def test_who_lost_the_lease_keeps_nothing(world: World) -> None:
    chunk = leased(world)
    later = chunk.grant("other", "r2", NOW + 120, 60.0)
    assert isinstance(later, Granted)
    world.chunks.put(later.chunk)

    with pytest.raises(WriteConflict):
        world.effects.put_effect(chunk, 0, "charge", Keepsake(1))

    assert world.effects.effect(chunk.job, 0, "charge") is None


def test_a_chunk_that_nobody_holds_keeps_nothing(world: World) -> None:
    chunk = leased(world)
    world.chunks.put(chunk.seal())

    with pytest.raises(WriteConflict):
        world.effects.put_effect(chunk, 0, "charge", Keepsake(1))


def test_artifacts_are_found_by_their_prefix(world: World) -> None:
    job = fresh_id()
    for name in ("1/a.txt", "2/b.txt"):
        world.upload(f"artifacts/{job}/0/{name}", b"12345")

    found = world.artifacts.stored(f"artifacts/{job}/0/2/")

    assert [(each.key, each.size) for each in found] == [(f"artifacts/{job}/0/2/b.txt", 5)]
    assert world.artifacts.stored(f"artifacts/{job}/1/") == []


def test_an_artifact_is_downloaded_and_never_shown(aws: Aws) -> None:
    link = on_aws(aws).artifacts.link(f"artifacts/{fresh_id()}/0/1/page.html", seconds=60)

    assert parse_qs(urlsplit(link).query)["response-content-disposition"] == ["attachment"]


def test_an_artifact_has_a_name_and_links(world: World) -> None:
    key = f"artifacts/{fresh_id()}/0/1/a.txt"

    assert world.artifacts.uri(key) == f"s3://results/{key}"
    assert key in world.artifacts.link(key, seconds=60)
    assert key in world.artifacts.place(key, 5, seconds=60).url
