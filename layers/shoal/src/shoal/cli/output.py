"""Data on stdout, in the form that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel


class Form(StrEnum):
    """How data is printed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    NAME = "name"


Output = Annotated[
    Form, typer.Option("--output", "-o", help="How to print data.", show_default=True)
]


class Column[T](NamedTuple):
    """A column of a table; a `wide` one shows with `-o wide` alone."""

    title: str
    of: Callable[[T], str]
    wide: bool = False
    right: bool = False


def show[T: BaseModel](
    items: Iterable[T], columns: Sequence[Column[T]], form: Form, name: Callable[[T], str]
) -> None:
    """Print items: as they come where the form allows, so that a million need no memory."""
    match form:
        case Form.NAME:
            for item in items:
                typer.echo(name(item))
        case Form.JSONL:
            for item in items:
                typer.echo(json.dumps(plain(item), ensure_ascii=False))
        case Form.JSON:
            typer.echo(json.dumps([plain(item) for item in items], ensure_ascii=False, indent=2))
        case Form.TABLE | Form.WIDE:
            _table([*items], [c for c in columns if form is Form.WIDE or not c.wide])


def show_one[T: BaseModel](
    item: T, facts: Sequence[Column[T]], form: Form, name: Callable[[T], str]
) -> None:
    """Print one thing: a fact a line, unless another form was asked for."""
    if form is Form.JSON:
        typer.echo(json.dumps(plain(item), ensure_ascii=False, indent=2))
    elif form in {Form.JSONL, Form.NAME}:
        show([item], facts, form, name)
    else:
        width = max(len(fact.title) for fact in facts)
        for fact in facts:
            if form is Form.WIDE or not fact.wide:
                typer.echo(f"{fact.title:<{width}}  {fact.of(item)}".rstrip())


def plain(item: BaseModel) -> Any:
    """As the API said it."""
    return item.model_dump(mode="json", by_alias=True)


def _table[T](items: Sequence[T], columns: Sequence[Column[T]]) -> None:
    """Columns as wide as what they hold, in plain text: it reads as well in a pipe."""
    rows = [[column.title for column in columns]]
    rows += [[_line(column.of(item)) for column in columns] for item in items]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())


def _line(text: str) -> str:
    """On one line, and with nothing that a terminal would obey."""
    return "".join(each if each.isprintable() else " " for each in text)
