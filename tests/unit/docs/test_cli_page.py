"""The page on the command line names every command and every exit code."""

import re
from pathlib import Path

from shoal.cli.app import app
from shoal.cli.exit_codes import Code

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()


def test_every_command_is_on_the_page() -> None:
    commands = {
        each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands
    } | {str(each.name) for each in app.registered_groups}

    assert set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == commands


def test_every_exit_code_is_on_the_page() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == {
        *map(int, Code)
    }
