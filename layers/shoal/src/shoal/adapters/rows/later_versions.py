"""Unknown fields and unknown values of enums, which a later version of Shoal may have written.

After a roll-back, readers ignore what they do not know. Where a write replaces the whole row, the
unknown fields are kept in `unknown` of the value that was read. So a later version may add
attributes to a row, fields to its JSON, and items to the end of a list.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Any


def known_fields(kind: type[Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that the dataclass has."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in stored.items() if name in names}


def known_items[T](kind: type[T], stored: Sequence[Any]) -> T:
    """Return the named tuple or dataclass of a list, without later items."""
    return kind(*stored[: len(kind.__annotations__)])


def unknown_fields(stored: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Return the fields that are not known."""
    return {name: value for name, value in stored.items() if name not in known}


def member[E: StrEnum](kind: type[E], value: str) -> E:
    """Return the member with this value; for an unknown value, one that equals no other."""
    try:
        return kind(value)
    except ValueError:
        unknown = str.__new__(kind, value)
        unknown._name_ = unknown._value_ = value
        return unknown
