"""What a user's task module imports, and nothing else."""

from shoal.sdk.context import Context
from shoal.sdk.errors import DuplicateTask, InvalidInput, NonRetryable
from shoal.sdk.task import Task, discover, task

__all__ = ["Context", "DuplicateTask", "InvalidInput", "NonRetryable", "Task", "discover", "task"]
