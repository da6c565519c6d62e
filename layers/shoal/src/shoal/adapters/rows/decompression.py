"""Decompression with a bound: a few bytes can decompress to gigabytes."""

import zlib


def decompressed(body: bytes, *, most: int) -> bytes:
    """Decompress a zlib stream; raise ValueError above `most` bytes, or if it is incomplete."""
    stream = zlib.decompressobj()
    found = stream.decompress(body, most)
    if not stream.eof:
        raise ValueError(f"a value is incomplete or decompresses to more than {most} bytes")
    return found
