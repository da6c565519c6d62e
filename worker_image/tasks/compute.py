"""CPU-bound tasks with verifiable results."""

import zlib
from math import isqrt
from typing import Annotated

import numpy as np
from pydantic import Field

from shoal import task


@task
def cpu(n: Annotated[int, Field(ge=0, le=100_000_000)] = 100_000) -> dict[str, int]:
    """Count the primes below n."""
    if n <= 2:  # noqa: PLR2004 - the first prime
        return {"n": n, "primes": 0}
    prime = bytearray([1]) * n
    prime[0] = prime[1] = 0
    for each in range(2, isqrt(n - 1) + 1):
        if prime[each]:
            prime[each * each :: each] = bytes(len(range(each * each, n, each)))
    return {"n": n, "primes": sum(prime)}


@task
def matrix(
    size: Annotated[int, Field(ge=1, le=4_096)] = 64,
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0,
) -> dict[str, int]:
    """Multiply two seeded matrices of digits and return the CRC-32 of the product.

    Every sum is below 2**53, so the floating-point product is exact on every machine.
    """
    draw = np.random.default_rng(seed)
    left, right = (draw.integers(0, 10, (size, size)).astype("<f8") for _ in range(2))
    product = np.ascontiguousarray(left @ right, dtype="<f8")
    return {"size": size, "seed": seed, "checksum": zlib.crc32(product.data)}
