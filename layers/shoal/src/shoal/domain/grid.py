"""A grid of parameters: the Cartesian product of named axes; a cell is computed from its index."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


@dataclass(frozen=True, slots=True)
class Grid:
    """Named axes; the last axis varies fastest, as in nested loops."""

    axes: Mapping[str, Sequence[Json]]

    @property
    def size(self) -> int:
        """The number of cells; 0 if an axis is empty, 1 without axes."""
        return math.prod(len(values) for values in self.axes.values())

    def cell(self, index: int) -> dict[str, Json]:
        """Return the parameters of one cell; raise IndexError outside 0 ≤ index < size."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        cell: dict[str, Json] = {}
        for name, values in reversed(list(self.axes.items())):
            index, place = divmod(index, len(values))
            cell[name] = values[place]
        return {name: cell[name] for name in self.axes}
