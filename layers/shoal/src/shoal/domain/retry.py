"""When a failed task is tried again, and after how long."""

from dataclasses import dataclass

MAX_ATTEMPTS = 100
LONGEST_DELAY = 43_200.0
"""Seconds; a hidden SQS message may stay hidden for 12 hours at most."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter. Delays in seconds."""

    max_attempts: int = 1
    backoff: float = 1.0
    factor: float = 2.0
    max_delay: float = 300.0
    non_retryable: tuple[str, ...] = ()

    def allows(self, *, attempt: int, error_type: str, retryable: bool) -> bool:
        """Whether a task whose `attempt`-th attempt failed so may be tried again."""
        return retryable and attempt < self.max_attempts and error_type not in self.non_retryable

    def delay(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after the `attempt`-th attempt; `jitter` is uniform in [0, 1).

        Full jitter: uniform between 0 and the exponential bound
        (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
        """
        try:
            bound = self.backoff * self.factor ** (attempt - 1)
        except OverflowError:
            bound = self.max_delay
        return jitter * min(bound, self.max_delay)
