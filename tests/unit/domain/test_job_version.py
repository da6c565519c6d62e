"""A job's version: one number that never falls and that every browser can hold."""

from hypothesis import given
from hypothesis import strategies as st

from shoal.domain.job_version import MOST_MOVES, job_version

ROWS = st.integers(1, 2**19 - 1)
MOVES = st.integers(0, 2**40)


@given(ROWS, MOVES, MOVES)
def test_a_later_row_has_a_higher_version_than_its_tallies(
    row: int, before: int, after: int
) -> None:
    assert job_version(row + 1, after) > job_version(row, before)


@given(ROWS, st.integers(0, MOST_MOVES - 2))
def test_under_one_row_each_move_of_a_tally_is_a_later_version(row: int, moves: int) -> None:
    assert job_version(row, moves + 1) > job_version(row, moves)


@given(ROWS, MOVES)
def test_a_version_is_a_number_that_a_browser_holds_exactly(row: int, moves: int) -> None:
    assert job_version(row, moves) < 2**53
