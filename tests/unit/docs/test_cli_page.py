"""The reference page of the command line lists every command and every exit code."""

import re
from pathlib import Path

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
