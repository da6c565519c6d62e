"""Records the session of the docs: runs its commands on a twin and stores their output."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from local.application import ROOT
from local.emulator import base_environment
from local.layer import built
from local.twin import Plan, Twin, booted, free_port
from tests.twin.polling import eventually

PAGE: Final = ROOT / "docs" / "tutorials" / "a-session-at-the-terminal.md"
_TASKS: Final = "session_tasks"
_BLOCK: Final = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
_CUT: Final = "\x1e"
_JOB: Final = re.compile(r"job_[0-9A-Z]{26}")
_GAP: Final = re.compile(r" {2,}")
_REPLACED: Final = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z"), "2026-01-05T09:00:00.000Z"),
    (re.compile(r"\b\d+\.\d+(?:e-\d+)?\b"), "0.01"),
)


def recorded(home: Path, layer_home: Path, page: str) -> str:
    """Return the page with the output of its commands on a new twin."""
    plan = Plan(home=home, port=free_port(), issuer_port=free_port(), layer_home=layer_home)
    folder = home / "session"
    _furnish(folder)
    with booted(plan) as twin, twin.workers(slots=1, tasks=_TASKS, paths=(folder,)) as workers:
        workers.start("w-1")
        with twin.api_client() as users:
            eventually(lambda: users.get("task-types").json()["items"])
        commands = [line for block in _BLOCK.findall(page) for line in _typed(block)]
        said = iter(_run(twin, folder, commands))
    return _BLOCK.sub(lambda block: _filled(block[0], said), page)


def _furnish(folder: Path) -> None:
    (folder / "pictures").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        (folder / "pictures" / name).touch()
    keys = ("a.png", "b.png", "c.png")
    (folder / "pictures.jsonl").write_text("".join(f'{{"key": "{key}"}}\n' for key in keys))
    shutil.copy(Path(__file__).parent / f"{_TASKS}.py", folder)


def _typed(block: str) -> list[str]:
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def _run(twin: Twin, folder: Path, commands: list[str]) -> list[str]:
    """Return the output of each command; values that differ between runs are replaced."""
    told = {
        **base_environment(),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(folder),
        "PYTHONUNBUFFERED": "1",  # or stdout comes after stderr
        "SHOAL_CONFIG": str(folder / "config.toml"),
        "SHOAL_API_URL": twin.url,
        "SHOAL_TOKEN": twin.issuer.token(),
    }
    shell = subprocess.run(
        ["bash"],  # noqa: S607 - wherever it is
        input="".join(f"{command}\nprintf '{_CUT}'\n" for command in commands),
        env=told,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=300,
    )
    return _steady(shell.stdout.replace(str(folder), "/home/you")).split(_CUT)[:-1]


def _steady(said: str) -> str:
    for number, job in enumerate(dict.fromkeys(_JOB.findall(said))):
        said = said.replace(job, f"job_01KE6Q8Z5V7T3M9X2B4C6D8F{number:02}")
    for found, replacement in _REPLACED:
        said = found.sub(replacement, said)
    return _CUT.join(_aligned(each) for each in said.split(_CUT))


def _aligned(said: str) -> str:
    """Return the text; if it is a table, its columns are aligned again."""
    rows = [_GAP.split(line) for line in said.splitlines()]
    if len({len(row) for row in rows}) != 1 or len(rows[0]) == 1:
        return said
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def _filled(block: str, said: Iterator[str]) -> str:
    return "".join(f"$ {line}\n{next(said)}" for line in _typed(block))


def main() -> None:
    """Record the page again."""
    with TemporaryDirectory() as home:
        layer_home = ROOT / ".twin"
        built(layer_home)
        PAGE.write_text(recorded(Path(home), layer_home, PAGE.read_text()))


if __name__ == "__main__":
    main()
