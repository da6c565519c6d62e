from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.domain import ids

entropy = st.binary(min_size=10, max_size=10)
moments = st.floats(0.0, 2.8e11 / 1_000)
job_ids = st.builds(ids.new_job_id, moments, entropy)


@given(moments, moments, entropy, entropy)
def test_job_ids_sort_by_time(one: float, other: float, salt: bytes, pepper: bytes) -> None:
    first, second = ids.new_job_id(one, salt), ids.new_job_id(other, pepper)

    assert ids.is_job_id(first)
    if int(one * 1000) < int(other * 1000):
        assert first < second


def test_a_millisecond_counts_for_more_than_entropy() -> None:
    assert ids.new_job_id(7.000, b"\xff" * 10) < ids.new_job_id(7.001, bytes(10))


@given(job_ids, st.integers(0, 9_999_999))
def test_task_ids_are_read_back(job_id: str, index: int) -> None:
    assert ids.parse_task_id(ids.task_id(job_id, index)) == (job_id, index)


@given(job_ids, st.integers(1, 10**9), st.integers(1, 10**9))
def test_execution_names_are_read_back(job_id: str, generation: int, number: int) -> None:
    name = ids.execution_name(job_id, generation, number)

    assert ids.parse_execution_name(name) == (job_id, generation, number)
    assert len(name) <= 80


@given(st.text(max_size=40))
def test_other_text_is_not_an_id(text: str) -> None:
    assert not ids.is_job_id(text)
    assert ids.parse_task_id(text) is None
    assert ids.parse_execution_name(text) is None


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_key_names_one_job_of_one_tenant(tenant: str, other: str, key: str) -> None:
    job_id = ids.keyed_job_id(tenant, key)

    assert ids.is_job_id(job_id)
    assert job_id == ids.keyed_job_id(tenant, key)
    assert (job_id == ids.keyed_job_id(other, key)) == (tenant == other)


def test_tenant_and_key_cannot_be_shifted_into_each_other() -> None:
    assert ids.keyed_job_id("a", "bc") != ids.keyed_job_id("ab", "c")
    assert ids.keyed_job_id("1", ":x:y") != ids.keyed_job_id("1:", "x:y")


@pytest.mark.parametrize("tail", ["", ".", ".-1", ".01", ".1 ", ".1\n", ".12345678"])
def test_only_plain_indices_name_tasks(tail: str) -> None:
    assert ids.parse_task_id(ids.keyed_job_id("t", "k") + tail) is None
