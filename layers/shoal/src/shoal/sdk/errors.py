"""Exceptions that tasks raise to control retries, and exceptions that the SDK raises in tasks."""


class NonRetryable(Exception):  # noqa: N818 - describes its effect where it is raised
    """Raised by a task: fails it without further attempts."""


class RetryAfter(Exception):  # noqa: N818 - as above
    """Raised by a task: retries it after at least `seconds`. Counts as an attempt."""

    def __init__(self, seconds: float, message: str = "") -> None:
        super().__init__(message or f"try again in {seconds:g} s")
        self.seconds = max(0.0, float(seconds))


class Cancelled(BaseException):
    """Raised in a task by `track` and `progress` when its job is cancelled.

    It is not an Exception, so `except Exception` does not catch it. The outcome of a cancelled task
    is not recorded. A task that raises it although its job is not cancelled has failed.
    """


class LeaseLost(Cancelled):
    """Raised in a task by `effect` and `artifacts` when another worker has leased the chunk."""


class InvalidInput(NonRetryable):
    """The input does not match the signature of the task. Lists fields and reasons, not values."""


class DuplicateTask(Exception):  # noqa: N818 - the tree reads as nouns
    """Two tasks have the same name."""


class NotATask(Exception):  # noqa: N818 - as above
    """An entry point of the group `shoal.tasks` refers to an object without tasks."""
