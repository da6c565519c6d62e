"""Places of jobs sort as the jobs do, and bounds of time are bounds of places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.domain.errors import InvalidRequest
from shoal.domain.ids import keyed_job_id
from shoal.domain.job import Job, Repeat, Spec
from shoal.domain.page_key import FIRST, LAST, below, bound, id_at, place

SPEC = Spec(task_type="noop", source=Repeat(1))
moments = st.integers(0, 9_999_999_999_999).map(lambda milliseconds: milliseconds / 1_000)
jobs = st.builds(
    lambda number, at: Job(
        id=keyed_job_id("t", str(number)), tenant="t", spec=SPEC, fingerprint="f", created_at=at
    ),
    st.integers(0, 50),
    moments,
)


@given(jobs, jobs)
def test_places_sort_by_creation_and_then_by_id(one: Job, other: Job) -> None:
    assert (place(one) < place(other)) == ((one.created_at, one.id) < (other.created_at, other.id))


@given(jobs, jobs)
def test_keys_below_a_position_are_those_that_are_less(one: Job, other: Job) -> None:
    assert (place(one) <= below(place(other))) == (place(one) < place(other))


@given(jobs, moments)
def test_a_bound_parts_the_jobs_made_before_from_those_made_then_or_later(
    job: Job, at: float
) -> None:
    assert (place(job) < bound(at)) == (job.created_at < at)


@given(jobs)
def test_every_place_is_between_first_and_last_and_names_its_job(job: Job) -> None:
    assert FIRST < place(job) < LAST
    assert id_at(place(job)) == job.id


@pytest.mark.parametrize("seconds", [-5.0, 0.0, 1e11])
def test_a_bound_is_as_long_as_any_whatever_the_year(seconds: float) -> None:
    assert len(bound(seconds)) == 13


@pytest.mark.parametrize("text", ["", "1/job_1", f"{0:013}/job_{'a' * 26}", f"{0:013}"])
def test_an_invalid_position_is_rejected(text: str) -> None:
    with pytest.raises(InvalidRequest):
        id_at(text)
