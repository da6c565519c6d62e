"""Whether the API is there."""

from typing import Literal

from shoal.wire.bodies import Answer


class HealthBody(Answer):
    """That the API answers."""

    status: Literal["ok"]
