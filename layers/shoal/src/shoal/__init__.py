"""Shoal: jobs of one to a million tasks on AWS. No task is lost, none is counted twice.

The names for task modules (`from shoal import task`) are loaded on first use, because they would
slow down the cold start of Lambda functions, which do not need them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoal.sdk import Cancelled, Context, NonRetryable, Retry, RetryAfter, task

__all__ = ["Cancelled", "Context", "NonRetryable", "Retry", "RetryAfter", "task"]

if not TYPE_CHECKING:  # otherwise type checkers would accept any name

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from shoal import sdk  # noqa: PLC0415 - loaded on first use

        return getattr(sdk, name)
