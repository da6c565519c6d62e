from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.domain.grid import Grid, Json

values = st.lists(st.integers(-5, 5) | st.text(max_size=3), max_size=5)
axes = st.dictionaries(st.text(min_size=1, max_size=4), values, max_size=4)


@given(axes)
def test_cells_are_the_cartesian_product_in_the_order_of_nested_loops(
    axes: dict[str, list[Json]],
) -> None:
    grid = Grid(axes)

    cells = [grid.cell(index) for index in range(grid.size)]

    assert cells == [dict(zip(axes, each, strict=True)) for each in product(*axes.values())]


@given(axes, st.integers())
def test_there_is_no_cell_outside(axes: dict[str, list[Json]], index: int) -> None:
    grid = Grid(axes)

    if not 0 <= index < grid.size:
        with pytest.raises(IndexError):
            grid.cell(index)


def test_a_long_range_is_never_written_out() -> None:
    grid = Grid({"a": range(10**9), "b": range(10**9)})

    assert grid.size == 10**18
    assert grid.cell(10**18 - 1) == {"a": 10**9 - 1, "b": 10**9 - 1}
