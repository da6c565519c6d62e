"""Decodes hostile parts and lines under a limit on memory, as `tests.security.hostile_parts`.

It runs in a separate process, so that the limit does not affect other tests. It prints the
slowest case with its CPU seconds.
"""

import json
import random
import resource
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from shoal.adapters.lines import lines_of
from shoal.adapters.rows.parts import unpack_part
from shoal.adapters.rows.uploads import decode_part
from shoal.domain.errors import InvalidRequest
from shoal.domain.sizing import MAX_INPUT_BYTES
from shoal.wire.worker import MAX_PART_BYTES

MEMORY = 512 << 20
"""The memory of a function."""
PIECE = b"x" * (1 << 20)


def filled(start: bytes, middle: bytes, end: bytes) -> bytes:
    return start + middle * ((MAX_PART_BYTES - len(start) - len(end)) // len(middle)) + end


def outcome(result: bytes) -> bytes:
    times = b'"started_at":"2026-01-01T00:00:00Z","duration":1'
    return b'{"index":0,"attempt":1,"outcome":"completed",%b,"result":%b' % (times, result)


def uploads() -> Iterator[tuple[str, bytes]]:
    yield "numbers", filled(b"[", b"0,", b"0]")
    yield "objects", filled(b"[", b"{},", b"{}]")
    yield "lists", filled(b"[", b"[],", b"[]]")
    yield "depth", filled(b"", b"[", b"")
    yield "outcomes", filled(b"[", outcome(b"0}") + b",", outcome(b"0}]"))
    yield "one result of numbers", filled(b"[" + outcome(b"["), b"0,", b"0]}]")
    yield "one result of fields", filled(b"[" + outcome(b"{"), b'"a":0,', b'"a":0}}]')
    yield "an open text", filled(b'["', b'\\"', b"")
    yield "many open texts", filled(b"[", b'"\\', b"")
    yield "too large", b"[" + b" " * MAX_PART_BYTES + b"]"
    yield "compressed", zlib.compress(b" " * MAX_PART_BYTES)


def packed(columns: object) -> bytes:
    return zlib.compress(json.dumps(columns).encode(), 9)


def packed_parts() -> Iterator[tuple[str, bytes]]:
    runs = {"index": [0, 10**9], "attempt": [1, 10**9], "result": [0, 10**9], "error": [0, 10**9]}
    column = {"gap": [0], "length": [0], "results": [None], "errors": [None]}
    yield "runs", packed(runs | column)
    yield "spaces", zlib.compress(b" " * 400_000_000, 9)
    yield "lists", packed({"index": [[]] * 5_000_000})


def lines() -> Iterator[tuple[str, Iterator[bytes]]]:
    yield "one line of 1 GB", (PIECE for _ in range(MAX_INPUT_BYTES >> 20))


def fuzzed(generator: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield valid parts with random changes."""
    valid = b"[" + b",".join(outcome(b'{"a":[1,"b"]}}') for _ in range(3)) + b"]"
    for number in range(400):
        body = bytearray(valid)
        for _ in range(generator.randrange(1, 6)):
            place = generator.randrange(len(body))
            body[place : place + generator.randrange(4)] = generator.choice(
                [b"", b"\x00", b"[" * 50, b"9" * 5_000, b"1e999", b"\xff", b"NaN", b'"', b"{}"]
            )
        yield f"random {number}", bytes(body)


def decoded(what: str, call: Callable[[], object], slowest: list[tuple[float, str]]) -> None:
    before = time.process_time()
    with suppress(ValueError, KeyError, TypeError, InvalidRequest):  # but no MemoryError
        call()
    slowest.append((time.process_time() - before, what))


def main() -> None:
    slowest: list[tuple[float, str]] = []
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    for name, body in uploads():
        decoded(f"upload: {name}", partial(decode_part, body), slowest)
        del body
    for name, body in fuzzed(random.Random(13)):  # noqa: S311 - a fixed seed repeats the cases
        decoded(name, partial(decode_part, body), slowest)
        decoded(name, partial(unpack_part, zlib.compress(body)), slowest)
    for name, body in packed_parts():
        decoded(f"part: {name}", partial(unpack_part, body), slowest)
    for name, pieces in lines():
        decoded(f"lines: {name}", partial(list, lines_of(pieces)), slowest)
    seconds, what = max(slowest)
    print(  # noqa: T201 - the answer to the test
        json.dumps({"cases": len(slowest), "seconds": seconds, "slowest": what})
    )


if __name__ == "__main__":
    main()
