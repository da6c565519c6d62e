"""Attribute values of DynamoDB's low-level protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type Value = AttributeValueTypeDef
type Row = Mapping[str, Value]


def text(value: str) -> Value:
    """A string attribute."""
    return {"S": value}


def number(value: float) -> Value:
    """A number attribute; a float keeps every digit that matters."""
    return {"N": repr(value)}


def text_of(row: Row, name: str) -> str:
    """A string attribute; empty if it is not there."""
    return row[name]["S"] if name in row else ""


def int_of(row: Row, name: str, default: int = 0) -> int:
    """A whole number attribute."""
    return int(row[name]["N"]) if name in row else default


def float_of(row: Row, name: str, default: float = 0.0) -> float:
    """A number attribute."""
    return float(row[name]["N"]) if name in row else default
