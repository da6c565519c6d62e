"""Writes many rows directly to the tables, for benches that need much data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any, Final

from shoal.adapters.parallel import in_parallel
from shoal.adapters.rows.attributes import Row
from tests.support.platform import Platform

_BATCH: Final = 25
_AT_ONCE: Final = 64


def disable_streams(platform: Platform) -> None:
    """Disable the streams, so that the written rows trigger no function."""
    functions = platform.emulator.client("lambda")
    for each in _streams(platform):
        functions.update_event_source_mapping(UUID=each["UUID"], Enabled=False)


def enable_streams(platform: Platform) -> None:
    """Enable the streams again, for rows that are written later."""
    functions = platform.emulator.client("lambda")
    for each in _streams(platform):
        functions.delete_event_source_mapping(UUID=each["UUID"])
        functions.create_event_source_mapping(
            EventSourceArn=each["EventSourceArn"],
            FunctionName=each["FunctionArn"],
            StartingPosition="LATEST",
            BatchSize=each["BatchSize"],
            FilterCriteria=each.get("FilterCriteria", {}),
        )


def _streams(platform: Platform) -> Sequence[Any]:
    """The mappings of the tables' streams to functions."""
    mappings = platform.emulator.client("lambda").list_event_source_mappings()[
        "EventSourceMappings"
    ]
    return [each for each in mappings if "/stream/" in each["EventSourceArn"]]


def write(platform: Platform, table: str, rows: Iterable[Row]) -> None:
    """Write rows to the table of this output of the stack."""
    client, name = platform.emulator.client("dynamodb"), platform.twin.deployment[table]
    requests = ({"PutRequest": {"Item": row}} for row in rows)

    def put(batch: Sequence[Any]) -> None:
        answer = client.batch_write_item(RequestItems={name: batch})
        if answer["UnprocessedItems"]:
            raise SystemExit("the emulator did not take all rows")

    for batches in batched(batched(requests, _BATCH, strict=False), _AT_ONCE, strict=False):
        in_parallel(put, batches)
