"""The Python client: `Shoal` for synchronous code, `AsyncShoal` for asyncio.

The clients are loaded on first use, so that importing an error does not import httpx.
"""

from typing import TYPE_CHECKING

from shoal.client.errors import (
    ApiError,
    BadProfile,
    BadRequest,
    Conflict,
    ExportFailed,
    NotAllowed,
    NotFound,
    ServerError,
    ShoalError,
    SignInFailed,
    TooManyRequests,
    Unreachable,
    WaitTimeout,
)

if TYPE_CHECKING:
    from shoal.client.async_client import AsyncJob, AsyncShoal
    from shoal.client.sync_client import Job, Shoal

__all__ = [
    "ApiError",
    "AsyncJob",
    "AsyncShoal",
    "BadProfile",
    "BadRequest",
    "Conflict",
    "ExportFailed",
    "Job",
    "NotAllowed",
    "NotFound",
    "ServerError",
    "Shoal",
    "ShoalError",
    "SignInFailed",
    "TooManyRequests",
    "Unreachable",
    "WaitTimeout",
]

if not TYPE_CHECKING:  # a type checker would take every name for defined

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from shoal.client import async_client, sync_client  # noqa: PLC0415 - loaded on first use

        return getattr(sync_client, name, None) or getattr(async_client, name)
