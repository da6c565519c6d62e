"""The retry policy of failed tasks."""

from dataclasses import dataclass

MAX_ATTEMPTS = 100
LONGEST_DELAY = 43_200.0
"""Seconds; SQS hides a message for at most 12 hours."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter. Delays in seconds."""

    max_attempts: int = 1
    backoff: float = 1.0
    factor: float = 2.0
    max_delay: float = 300.0
    non_retryable: tuple[str, ...] = ()

    def allows(self, *, attempt: int, error_type: str, retryable: bool) -> bool:
        """Return whether a task is retried after the failure of its `attempt`-th attempt."""
        return retryable and attempt < self.max_attempts and error_type not in self.non_retryable

    def delay(self, attempt: int, jitter: float) -> float:
        """Return the seconds to wait after the `attempt`-th attempt; `jitter` is uniform in [0, 1).

        Full jitter: uniform between 0 and the exponential bound
        (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
        """
        try:
            bound = self.backoff * self.factor ** (attempt - 1)
        except OverflowError:
            bound = self.max_delay
        return jitter * min(bound, self.max_delay)
