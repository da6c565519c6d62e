"""Handles the items of a batch separately: a failure of one of them does not fail the others."""

from collections.abc import Callable, Collection, Iterable, Mapping

from shoal.domain.errors import Unavailable
from shoal.service.lease_answers import ChunkFailed


def attempt[T](call: Callable[[], T]) -> T | ChunkFailed:
    """Return the result of the call, or its error as an answer."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - a bad row raises anything; the handler logs it
        return ChunkFailed(error)


def apply[T](call: Callable[..., T], *given: object) -> T | ChunkFailed:
    """Call with the given values, as `attempt`; if a value is a failed read, return its failure."""
    failed = next((each for each in given if isinstance(each, ChunkFailed)), None)
    return attempt(lambda: call(*given)) if failed is None else failed


def read_apart[K, V](
    keys: Collection[K],
    read_all: Callable[[Collection[K]], Mapping[K, V]],
    read_one: Callable[[K], V | None],
) -> Mapping[K, V | ChunkFailed]:
    """Return the values that exist, read in one call.

    If it fails because of one of them, each is read in a separate call.
    """
    found = attempt(lambda: read_all(keys))
    if not isinstance(found, ChunkFailed):
        return found
    if isinstance(found.error, Unavailable):
        return dict.fromkeys(keys, found)
    values = {key: _read(read_one, key) for key in keys}
    return {key: value for key, value in values.items() if value is not None}


def _read[K, V](read_one: Callable[[K], V | None], key: K) -> V | ChunkFailed | None:
    return attempt(lambda: read_one(key))


def check_outage(found: Iterable[object]) -> None:
    """Raise Unavailable if all reads failed with it: the failure is not that of one chunk."""
    failures = [each.error if isinstance(each, ChunkFailed) else None for each in found]
    if failures and all(isinstance(each, Unavailable) for each in failures):
        raise Unavailable("none of the requested items can be read") from failures[0]
