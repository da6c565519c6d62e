"""The body of the health check."""

from typing import Literal

from shoal.wire.bodies import ResponseBody


class HealthBody(ResponseBody):
    """The API is available."""

    status: Literal["ok"]
