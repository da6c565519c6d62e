"""Whether the API is there."""

from typing import Literal

from shoal.wire.bodies import ResponseBody


class HealthBody(ResponseBody):
    """That the API answers."""

    status: Literal["ok"]
