"""Attribute values of DynamoDB's low-level protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_NUMBER: Final = 21
_LIST: Final = 3

type Value = AttributeValueTypeDef
type Row = Mapping[str, Value]


def text(value: str) -> Value:
    """Return a string attribute."""
    return {"S": value}


def number(value: float) -> Value:
    """Return a number attribute; floats keep all significant digits."""
    return {"N": repr(value)}


def row_size(row: Row) -> int:
    """Return the size of a row in bytes as DynamoDB limits it; numbers count as their longest."""
    return sum(len(name.encode()) + _size(value) for name, value in row.items())


def _size(value: Mapping[str, Any]) -> int:
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "B":
            return len(inner)
        case "SS":
            return sum(len(each.encode()) for each in inner)
        case "L":
            return _LIST + sum(1 + _size(each) for each in inner)
        case _:
            return _NUMBER


def text_of(row: Row, name: str) -> str:
    """Return the value of a string attribute; empty if missing."""
    return row[name]["S"] if name in row else ""


def int_of(row: Row, name: str, default: int = 0) -> int:
    """Return the value of an integer attribute."""
    return int(row[name]["N"]) if name in row else default


def float_of(row: Row, name: str, default: float = 0.0) -> float:
    """Return the value of a number attribute."""
    return float(row[name]["N"]) if name in row else default
