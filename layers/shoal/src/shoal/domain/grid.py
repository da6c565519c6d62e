"""A grid of parameters: the cartesian product of named axes, each cell computed from its index."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


@dataclass(frozen=True, slots=True)
class Grid:
    """Named axes; the last axis turns fastest, as in nested loops."""

    axes: Mapping[str, Sequence[Json]]

    @property
    def size(self) -> int:
        """How many cells the grid has; 0 if an axis is empty, 1 if there is no axis."""
        return math.prod(len(values) for values in self.axes.values())

    def cell(self, index: int) -> dict[str, Json]:
        """The parameters of one cell; IndexError outside 0 ≤ index < size."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        cell: dict[str, Json] = {}
        for name, values in reversed(list(self.axes.items())):
            index, place = divmod(index, len(values))
            cell[name] = values[place]
        return {name: cell[name] for name in self.axes}
