"""The SDK: the names that a user's task module imports."""

from shoal.domain.retry import RetryPolicy as Retry
from shoal.sdk.context import Context
from shoal.sdk.discovery import discover
from shoal.sdk.errors import (
    Cancelled,
    DuplicateTask,
    InvalidInput,
    NonRetryable,
    NotATask,
    RetryAfter,
)
from shoal.sdk.task import Task, task

__all__ = [
    "Cancelled",
    "Context",
    "DuplicateTask",
    "InvalidInput",
    "NonRetryable",
    "NotATask",
    "Retry",
    "RetryAfter",
    "Task",
    "discover",
    "task",
]
