"""The reference page of the command line lists every command and every exit code."""

import re
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from shoal.cli.app import app
from shoal.cli.exit_codes import ExitCode

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()


def test_every_command_is_on_the_page() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)

    assert sorted(listed) == sorted(get_group(app).commands)


def test_every_exit_code_is_on_the_page() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == {
        *map(int, ExitCode)
    }


def test_every_command_and_option_has_a_description() -> None:
    without = [
        f"{command.name} {getattr(option, 'opts', '')}"
        for command in _commands(get_group(app))
        for option in (command, *command.params)
        if not option.help  # type: ignore[attr-defined]
    ]

    assert without == []


def _commands(group: TyperGroup) -> Iterator[TyperCommand]:
    for each in group.commands.values():
        if isinstance(each, TyperGroup):
            yield from _commands(each)
        else:
            assert isinstance(each, TyperCommand)
            yield each
