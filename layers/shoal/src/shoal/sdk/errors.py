"""What a task raises to say more than that it failed, and what the seam to its worker raises."""


class NonRetryable(Exception):  # noqa: N818 - says what it does where it is raised
    """Raised by a task: trying again cannot help."""


class RetryAfter(Exception):  # noqa: N818 - as above
    """Raised by a task: try again, but not before so many seconds. Counts as an attempt."""

    def __init__(self, seconds: float, message: str = "") -> None:
        super().__init__(message or f"try again in {seconds:g} s")
        self.seconds = max(0.0, float(seconds))


class Cancelled(BaseException):
    """Raised in a task that looks (`track`, `progress`): its job is cancelled.

    No Exception, so that `except Exception` does not swallow it. What the task returns or raises
    after it is not recorded. A task that raises it while its job goes on has failed.
    """


class LeaseLost(Cancelled):
    """Raised in a task by `effect` and `artifacts`: another worker has it."""


class InvalidInput(NonRetryable):
    """The input does not fit the signature of the task; names fields and reasons, never values."""


class DuplicateTask(Exception):  # noqa: N818 - the tree reads as nouns
    """Two tasks have one name."""


class NotATask(Exception):  # noqa: N818 - as above
    """An entry point of the group `shoal.tasks` names something that holds no task."""
