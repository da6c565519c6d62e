"""The keys of live tickets, in a secret of Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import code_of, translated

if TYPE_CHECKING:
    from shoal.ports.clock import Clock

_STAGES: Final = ("AWSCURRENT", "AWSPREVIOUS")
_NOT_FOUND: Final = "ResourceNotFoundException"


class SecretSigningKeys:
    """The current and the previous version of a secret. A rotation makes the one the other."""

    def __init__(self, client: Any, secret: str, clock: Clock) -> None:
        self._client = client
        self._secret = secret
        self._clock = clock
        self._read_at = -inf
        self._keys: Sequence[bytes] = ()

    def keys(self, *, max_age: float) -> Sequence[bytes]:
        now = self._clock.now()
        if now - self._read_at > max_age:
            with translated():
                self._keys = [*self._versions()]
            self._read_at = now
        return self._keys

    def _versions(self) -> Iterator[bytes]:
        for stage in _STAGES:
            try:
                answer = self._client.get_secret_value(SecretId=self._secret, VersionStage=stage)
            except ClientError as error:
                if stage == _STAGES[0] or code_of(error) != _NOT_FOUND:
                    raise
            else:
                yield answer["SecretString"].encode()
