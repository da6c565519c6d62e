"""Lease tokens: a request that has the token of a grant comes from the worker that got the grant.

The token follows from the id of the lease request, which only its worker knows. So a repeated
request gets the same token again, although no row stores the token or the id.
"""

import hashlib
import hmac


def lease_token(request: str, job: str, chunk: int, epoch: int) -> str:
    """Return the token of the grant of an epoch to a request with this id."""
    return hmac.new(request.encode(), f"{job}#{chunk}#{epoch}".encode(), "sha256").hexdigest()


def hash_of(token: str) -> bytes:
    """Return what a row stores of a token."""
    return hashlib.sha256(token.encode()).digest()


def has_hash(token: str | None, stored: bytes | None) -> bool:
    """Return whether a token has this hash. The time does not depend on where they differ."""
    if token is None or stored is None:
        return False
    return hmac.compare_digest(hash_of(token), stored)
