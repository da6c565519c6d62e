from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shoal.domain.retry import LONGEST_DELAY, RetryPolicy

policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 100),
    backoff=st.floats(0.0, LONGEST_DELAY),
    factor=st.floats(1.0, 10.0),
    max_delay=st.floats(0.0, LONGEST_DELAY),
)
jitters = st.floats(0.0, 1.0, exclude_max=True)


@given(policies, st.integers(1, 10_000), jitters)
def test_a_delay_is_between_nothing_and_the_policy_s_longest(
    policy: RetryPolicy, attempt: int, jitter: float
) -> None:
    assert 0.0 <= policy.delay(attempt, jitter) <= policy.max_delay


@given(policies, st.integers(1, 50), jitters)
def test_the_bound_grows_with_the_attempts(
    policy: RetryPolicy, attempt: int, jitter: float
) -> None:
    assert policy.delay(attempt, jitter) <= policy.delay(attempt + 1, jitter)


def test_full_jitter_doubles_the_bound() -> None:
    policy = RetryPolicy(backoff=2.0, factor=2.0, max_delay=10.0)

    assert [policy.delay(n, 0.5) for n in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 5.0]


@given(policies, st.integers(1, 200))
def test_attempts_never_exceed_the_policy(policy: RetryPolicy, attempt: int) -> None:
    allowed = policy.allows(attempt=attempt, error_type="E", retryable=True)

    assert allowed == (attempt < policy.max_attempts)


def test_non_retryable_errors_are_not_retried() -> None:
    policy = RetryPolicy(max_attempts=5, non_retryable=("ValueError",))

    assert policy.allows(attempt=1, error_type="OSError", retryable=True)
    assert not policy.allows(attempt=1, error_type="OSError", retryable=False)
    assert not policy.allows(attempt=1, error_type="ValueError", retryable=True)
