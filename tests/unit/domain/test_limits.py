from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.domain.errors import LimitReached
from shoal.domain.limits import Limits, Tenant, TokenBucket

LIMITS = Limits(open_jobs=2, queued_tasks=10, submit_rate=0.5, submit_burst=3)
ACME = Tenant(name="acme")


def test_a_job_is_counted_with_its_tasks() -> None:
    after = ACME.admit(4, LIMITS, 100.0)

    assert (after.open_jobs, after.queued_tasks, after.version) == (1, 4, 1)
    assert after.bucket == TokenBucket(2, 100.0)


@pytest.mark.parametrize(
    ("tenant", "tasks", "limit", "later"),
    [
        (replace(ACME, open_jobs=2), 1, "open_jobs", 30),
        (replace(ACME, queued_tasks=7), 4, "queued_tasks", 30),
        (replace(ACME, bucket=TokenBucket(0, 100.0)), 1, "submit_rate", 2),
        (replace(ACME, bucket=TokenBucket(0.9, 100.0)), 1, "submit_rate", 1),
    ],
)
def test_the_limit_that_is_reached_is_named(
    tenant: Tenant, tasks: int, limit: str, later: int
) -> None:
    with pytest.raises(LimitReached, match=limit) as raised:
        tenant.admit(tasks, LIMITS, 100.0)

    assert raised.value.retry_after == later


def test_a_job_that_just_fits_is_admitted() -> None:
    assert replace(ACME, open_jobs=1, queued_tasks=7).admit(3, LIMITS, 0.0).queued_tasks == 10


def test_limits_of_a_tenant_replace_those_of_the_deployment() -> None:
    own = ACME.with_own({"open_jobs": 7})

    assert own.limits(LIMITS) == replace(LIMITS, open_jobs=7)
    assert own.with_own({}).limits(LIMITS) == LIMITS


@given(st.lists(st.floats(0, 20), min_size=1, max_size=60))
def test_no_more_than_the_burst_and_the_rate_come_in(pauses: list[float]) -> None:
    tenant, now, admitted = ACME, 1_000.0, 0
    limits = replace(LIMITS, open_jobs=10_000, queued_tasks=10_000)

    for pause in pauses:
        now += pause
        try:
            tenant = tenant.admit(1, limits, now)
        except LimitReached as reached:
            tenant.admit(1, limits, now + reached.retry_after)  # as instructed
        else:
            admitted += 1

    assert admitted <= 3 + (now - 1_000.0) * 0.5 + 1e-6


@given(st.floats(-1e6, 1e6))
def test_a_clock_that_runs_behind_takes_nothing_and_gives_nothing(shift: float) -> None:
    bucket = TokenBucket(1.0, 1_000.0)

    filled = bucket.filled(LIMITS, 1_000.0 + shift)

    assert 1.0 <= filled.tokens <= 3
    assert filled.at >= bucket.at
