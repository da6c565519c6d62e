"""Runs a bench on a copy of this repository in which a mistake was made: a negative control."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from local.emulator import base_environment

UNSOUND: Final = 3
"""The exit code of a bench that found something; other failures have others."""
_ROOT: Final = Path(__file__).parents[1]
_COPIED: Final = (
    *("bench", "functions", "layers", "local", "statemachine", "tests/support"),
    "worker_image",
)


def finds_mistake(module: str, arguments: Sequence[str], mistake: Mapping[str, str]) -> bool:
    """Return whether a bench finds a mistake.

    A mistake is Python by the path of a module; it runs at the end of that module.
    """
    with tempfile.TemporaryDirectory(prefix="shoal-copy-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder)
        for name in _COPIED:
            shutil.copytree(_ROOT / name, copy / name)
        for name in (".tools", ".venv"):
            (copy / name).symlink_to(_ROOT / name)
        for path in _ROOT.glob("*"):
            if path.is_file():
                shutil.copy(path, copy)
        for path_of_module, python in mistake.items():
            with (copy / path_of_module).open("a") as file:
                file.write(f"\n\n{python}\n")
        found_first = f"{copy}:{copy / 'layers/shoal/src'}"
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", module, *arguments],
            cwd=copy,
            env={**base_environment(), "PYTHONPATH": found_first},
            check=False,
            stdout=subprocess.DEVNULL,
        )
    return done.returncode == UNSOUND
