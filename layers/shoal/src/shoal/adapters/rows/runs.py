"""Run-length encoding; the result is never longer than the input."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

_LETTERS = re.compile(r"(\d*)(\D)")


def pack_letters(letters: str) -> str:
    """Encode `CCCF` as `3CF`."""
    return "".join(
        f"{length}{letter}" if length > 1 else letter for letter, length in _runs(letters)
    )


def unpack_letters(packed: str) -> str:
    """Decode `3CF` to `CCCF`."""
    return "".join(letter * int(length or 1) for length, letter in _LETTERS.findall(packed))


def pack_numbers(numbers: Iterable[int]) -> str:
    """Encode 1, 1, 1, 2 as `1x3,2`."""
    return ",".join(
        f"{number}x{length}" if length > 1 else str(number) for number, length in _runs(numbers)
    )


def unpack_numbers(packed: str) -> tuple[int, ...]:
    """Decode `1x3,2` to 1, 1, 1, 2."""
    numbers: list[int] = []
    for run in packed.split(",") if packed else ():
        number, _, length = run.partition("x")
        numbers.extend([int(number)] * int(length or 1))
    return tuple(numbers)


def pack_spans(spans: Iterable[tuple[int, int]]) -> str:
    """Encode half-open ranges (0, 3), (5, 6) as `0-3,5`."""
    return ",".join(str(first) if end == first + 1 else f"{first}-{end}" for first, end in spans)


def unpack_spans(packed: str) -> tuple[tuple[int, int], ...]:
    """Decode `0-3,5` to half-open ranges (0, 3), (5, 6)."""
    pairs = (span.partition("-") for span in packed.split(",")) if packed else ()
    return tuple((int(first), int(end) if end else int(first) + 1) for first, _, end in pairs)


def _runs[T](values: Iterable[T]) -> Sequence[tuple[T, int]]:
    return [(value, len(list(run))) for value, run in groupby(values)]
