"""Small tables, on standard output and as Markdown."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; all columns but the first are figures."""
    table = Table(*columns, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*map(str, row))
    Console(width=110).print(table)


def note(text: str) -> None:
    """Print a sentence."""
    Console(width=110).print(text, highlight=False)


def markdown(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as Markdown; all columns but the first are figures."""
    table = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in table)


def exit_if_broken(findings: Sequence[str]) -> None:
    """Print the first findings and exit with 1, if there are any."""
    for finding in findings[:10]:
        note(finding)
    if findings:
        raise SystemExit(1)
