"""Processes of `shoal` that start fast: copies of one process that has imported its modules."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from shoal.__main__ import main

_FORK: Final = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(
    [
        __name__,
        "httpx",
        "rich.console",
        "rich.progress",
        "rich.table",
        "shoal.cli.app",
        "shoal.client.sync_client",
    ]
)
_LONGEST_SECONDS: Final = 60


def run_shoal(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, stdin: str
) -> CompletedProcess[str]:
    """Run `shoal` in a process with this environment and working directory."""
    files = [folder / f"std{name}" for name in ("in", "out", "err")]
    files[0].write_text(stdin)
    process = _FORK.Process(target=_become, args=(words, dict(environment), folder, files))
    process.start()
    process.join(_LONGEST_SECONDS)
    if process.exitcode is None:
        process.kill()
    assert process.exitcode is not None, f"shoal {words} did not exit"
    _, stdout, stderr = (file.read_text() for file in files)
    return CompletedProcess(list(words), process.exitcode, stdout, stderr)


def _become(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, files: Sequence[Path]
) -> None:
    os.chdir(folder)
    inherited = os.environ  # noqa: TID251 - replaced before `shoal` reads it
    inherited.clear()
    inherited.update(environment)
    sys.path.insert(0, environment["PYTHONPATH"])
    for number, (file, mode) in enumerate(zip(files, "rww", strict=True)):
        with file.open(mode) as opened:
            os.dup2(opened.fileno(), number)
    sys.stdin = os.fdopen(0)  # multiprocessing has replaced it by /dev/null
    sys.exit(main(list(words)))
