"""The keys of live tickets in Secrets Manager, and in memory."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from shoal.adapters.memory.clock import FixedClock
from shoal.adapters.memory.live import MemorySigningKeys
from shoal.adapters.signing_keys import SecretSigningKeys
from shoal.domain.errors import ShoalError
from shoal.ports.live import SigningKeys
from tests.contract.aws_services import Aws
from tests.contract.examples import fresh_id


class Rotation(NamedTuple):
    """Keys, of which the first exists, and their rotation."""

    keys: SigningKeys
    clock: FixedClock
    rotate: Callable[[bytes], object]


def in_secrets_manager(aws: Aws) -> Rotation:
    secret, clock = (
        aws.secretsmanager.create_secret(Name=fresh_id(), SecretString="a"),
        FixedClock(),
    )

    def rotate(key: bytes) -> None:
        aws.secretsmanager.put_secret_value(SecretId=secret["ARN"], SecretString=key.decode())

    return Rotation(SecretSigningKeys(aws.secretsmanager, secret["ARN"], clock), clock, rotate)


@pytest.fixture(params=["memory", "on_moto", "on_ministack"])
def rotation(request: pytest.FixtureRequest) -> Rotation:
    if request.param == "memory":
        memory = MemorySigningKeys()
        return Rotation(memory, FixedClock(), memory.rotate)
    return in_secrets_manager(request.getfixturevalue(request.param))


def test_keys_are_the_current_and_the_previous_one(rotation: Rotation) -> None:
    (first,) = rotation.keys.keys(max_age=0)

    for key in (b"second", b"third"):
        rotation.rotate(key)
        rotation.clock.advance(1)
        current, previous = rotation.keys.keys(max_age=0)

        assert (current, previous) == (key, first)
        first = current


def test_keys_are_read_again_only_once_they_are_too_old(aws: Aws) -> None:
    keys, clock, rotate = in_secrets_manager(aws)
    assert keys.keys(max_age=60) == [b"a"]
    rotate(b"b")
    clock.advance(60)

    assert keys.keys(max_age=60) == [b"a"]
    assert keys.keys(max_age=59) == [b"b", b"a"]
    assert keys.keys(max_age=60) == [b"b", b"a"]


def test_missing_secret_is_an_error(aws: Aws) -> None:
    keys = SecretSigningKeys(aws.secretsmanager, f"no-{fresh_id()}", FixedClock())

    with pytest.raises(ShoalError):
        keys.keys(max_age=0)
