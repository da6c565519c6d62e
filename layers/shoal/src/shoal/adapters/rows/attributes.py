"""Attribute values of DynamoDB's low-level protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type Value = AttributeValueTypeDef
type Row = Mapping[str, Value]


def text(value: str) -> Value:
    """Return a string attribute."""
    return {"S": value}


def number(value: float) -> Value:
    """Return a number attribute; floats keep all significant digits."""
    return {"N": repr(value)}


def text_of(row: Row, name: str) -> str:
    """Return the value of a string attribute; empty if missing."""
    return row[name]["S"] if name in row else ""


def int_of(row: Row, name: str, default: int = 0) -> int:
    """Return the value of an integer attribute."""
    return int(row[name]["N"]) if name in row else default


def float_of(row: Row, name: str, default: float = 0.0) -> float:
    """Return the value of a number attribute."""
    return float(row[name]["N"]) if name in row else default
