"""The body of a retry policy, in jobs and task types."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shoal.domain.retry import LONGEST_DELAY, MAX_ATTEMPTS, RetryPolicy

MAX_FACTOR: Final = 100.0
MAX_TYPES: Final = 100

type Seconds = Annotated[float, Field(ge=0, le=LONGEST_DELAY)]
type ErrorName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RetryBody(BaseModel):
    """Exponential backoff with full jitter; `non_retryable` names error types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    max_attempts: Annotated[int, Field(ge=1, le=MAX_ATTEMPTS)] = 1
    backoff: Seconds = 1.0
    factor: Annotated[float, Field(ge=1, le=MAX_FACTOR)] = 2.0
    max_delay: Seconds = 300.0
    non_retryable: Annotated[list[ErrorName], Field(max_length=MAX_TYPES)] = []

    def policy(self) -> RetryPolicy:
        """Convert to the domain's policy."""
        return RetryPolicy(
            self.max_attempts,
            self.backoff,
            self.factor,
            self.max_delay,
            tuple(self.non_retryable),
        )

    @staticmethod
    def of(policy: RetryPolicy) -> "RetryBody":
        """Convert from the domain's policy."""
        return RetryBody(
            max_attempts=policy.max_attempts,
            backoff=policy.backoff,
            factor=policy.factor,
            max_delay=policy.max_delay,
            non_retryable=list(policy.non_retryable),
        )
