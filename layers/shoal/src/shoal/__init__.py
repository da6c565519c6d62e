"""Shoal: jobs of one to a million tasks on AWS, none lost and none counted twice.

What a task module imports (`from shoal import task`) is loaded on first use, so that functions,
which import only `shoal.domain` and the like, do not pay for it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoal.sdk import Cancelled, Context, NonRetryable, Retry, RetryAfter, task

__all__ = ["Cancelled", "Context", "NonRetryable", "Retry", "RetryAfter", "task"]

if not TYPE_CHECKING:  # or type checkers would believe that every name is there

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from shoal import sdk  # noqa: PLC0415 - loaded on first use

        return getattr(sdk, name)
