"""The tutorial's page, run from its first line to its last.

Two things stand in for others: `uv`, which would fetch packages, and the second terminal.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from local.application import ROOT
from local.emulator import base_environment
from tests.twin.local_command import up
from tests.twin.polling import eventually

pytestmark = [pytest.mark.twin, pytest.mark.timeout(600)]

PAGE: Final = (ROOT / "docs/tutorials/your-first-tasks.md").read_text()
EXAMPLE: Final = ROOT / "examples" / "invoices"
FILES: Final = dict(
    re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
)
PLATFORM: Final = "make up WORKERS=0"
WORKER: Final = ".venv/bin/shoal worker run"


class Command(NamedTuple):
    """A line that a reader types, and its output on the page."""

    line: str
    prints: list[str]


def commands() -> Iterator[Command]:
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, *prints = part.splitlines()
            yield Command(line, prints)


class Shell:
    """A terminal that lives as long as its reader."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash"],  # noqa: S607 - wherever it is
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def close(self) -> None:
        """End it, and whatever it still runs."""
        os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.wait()
        for end in (self._bash.stdin, self._bash.stdout):
            assert end
            end.close()

    def type(self, line: str) -> list[str]:
        """Run a line; what it printed. It must succeed."""
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.write(f"{line}\necho; echo ended $?\n")
        self._bash.stdin.flush()
        printed: list[str] = []
        for each in self._bash.stdout:
            if each.startswith("ended "):
                assert each == "ended 0\n", (line, printed)
                return printed if not printed or printed[-1] else printed[:-1]
            printed.append(each.rstrip("\n"))
        raise AssertionError(f"the shell ended at {line}: {printed}")


@contextmanager
def shell_in(home: Path) -> Iterator[Shell]:
    """A terminal of a reader whose home this is."""
    shell = Shell(home, {**base_environment(), "HOME": str(home)})
    try:
        yield shell
    finally:
        shell.close()


def clone(folder: Path, home: Path) -> None:
    """Create the files that the page uses, and a `uv` that downloads nothing."""
    (folder / ".tools" / "bin").mkdir(parents=True)
    (folder / ".twin").symlink_to(home)
    uv = folder / ".tools" / "bin" / "uv"
    where, python = shlex.quote(str(ROOT)), shlex.quote(sys.executable)
    run = f"env PYTHONPATH={where} {python} -m tests.twin.fake_uv"
    uv.write_text(f'#!/bin/sh\nexec {run} "$@"\n')
    uv.chmod(0o755)


def start_worker(shell: Shell, log: Path) -> None:
    """Start the worker of the reader in the background, and check the task types that it offers."""
    log.touch()
    shell.type(f"{WORKER} > {log} 2>&1 & WORKER=$!")
    eventually(lambda: "offers invoice, book" in log.read_text(), seconds=60)


def plain(lines: list[str]) -> list[str]:
    """Without what differs from run to run."""
    return [re.sub(r"\d+\.\d+s", "some seconds", line) for line in lines]


def test_the_page_shows_the_current_example() -> None:
    ours = {
        str(path.relative_to(EXAMPLE)): path.read_text()
        for path in EXAMPLE.rglob("*")
        if path.suffix in {".py", ".toml"}
    }

    assert {name: text for name, text in FILES.items() if name != "november.json"} == ours


def test_a_reader_gets_from_an_empty_folder_to_results(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home, typed = new_home(), list(commands())
    clone(tmp_path / "shoal", home)
    with up(home, workers=0) as platform, shell_in(tmp_path) as shell:
        for line, prints in typed:
            if line == WORKER:
                start_worker(shell, tmp_path / "worker.log")
            elif line != PLATFORM:
                printed = shell.type(line.replace(":8000/", f":{platform.ports[0]}/"))
                assert plain(prints or printed) == plain(printed), line
            if line == "cd invoices":
                write_files(tmp_path / "invoices")
        shell.type("kill $WORKER; wait $WORKER")

    assert {PLATFORM, WORKER} <= {line for line, _ in typed}
    assert "exits" in (tmp_path / "worker.log").read_text()


def write_files(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text)
