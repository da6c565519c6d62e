"""The origin of a part: two attributes of its row, or the metadata of its object.

w   worker        g   generation of the job
"""

from __future__ import annotations

from collections.abc import Mapping

from shoal.adapters.rows.attributes import Row, Value, int_of, number, text, text_of
from shoal.domain.outcome import Origin


def origin_attributes(origin: Origin) -> dict[str, Value]:
    """Return the attributes of a part's row."""
    return {"w": text(origin.worker), "g": number(origin.generation)}


def origin_of(row: Row) -> Origin | None:
    """Return the origin in a part's row; None for an old one."""
    return Origin(text_of(row, "w"), int_of(row, "g")) if "w" in row else None


def origin_metadata(origin: Origin) -> dict[str, str]:
    """Return the metadata of a part's object."""
    return {"worker": origin.worker, "generation": str(origin.generation)}


def origin_of_metadata(metadata: Mapping[str, str]) -> Origin | None:
    """Return the origin in a part's object; None for an old one."""
    if "worker" not in metadata or "generation" not in metadata:
        return None
    return Origin(metadata["worker"], int(metadata["generation"]))
