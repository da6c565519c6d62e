"""Errors at the seam between a task and the worker that runs it."""


class NonRetryable(Exception):
    """Raised by a task: trying again cannot help."""


class InvalidInput(NonRetryable):
    """The input does not fit the signature of the task; names fields and reasons, never values."""


class DuplicateTask(Exception):
    """Two tasks have one name."""
