"""Splits an uploaded file into lines."""

from collections.abc import Iterable, Iterator

from shoal.domain.errors import InvalidRequest
from shoal.domain.sizing import MAX_LINE_BYTES


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Split at line feeds only, so that line lengths add up to byte positions.

    Raises InvalidRequest at a line that is too long, before the rest of it is read.
    """
    rest, number = b"", 1
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield _checked(line, number)
            number += 1
        _checked(rest, number)
    if rest:
        yield rest


def _checked(line: bytes, number: int) -> bytes:
    if len(line) > MAX_LINE_BYTES:
        raise InvalidRequest(f"line {number} of the inputs exceeds {MAX_LINE_BYTES:,} bytes")
    return line
