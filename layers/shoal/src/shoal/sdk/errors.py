"""Errors at the seam between a task and the worker that runs it."""


class NonRetryable(Exception):  # noqa: N818 - says what it does where it is raised
    """Raised by a task: trying again cannot help."""


class InvalidInput(NonRetryable):
    """The input does not fit the signature of the task; names fields and reasons, never values."""


class DuplicateTask(Exception):  # noqa: N818 - the tree reads as nouns
    """Two tasks have one name."""
