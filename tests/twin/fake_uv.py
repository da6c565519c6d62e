"""Fake `uv venv` and `uv pip install` that use installed packages instead of the network."""

import sys
import sysconfig
import venv
from pathlib import Path

from local.application import ROOT
from tests.twin.package_install import installed


def main() -> None:
    """Create `.venv`, or install the project of this directory into it."""
    if sys.argv[1] == "venv":
        venv.create(".venv", symlinks=True)
        return
    here = Path.cwd()
    (site,) = here.glob(".venv/lib/python*/site-packages")
    installed(here, site)
    ours = (sysconfig.get_path("purelib"), ROOT / "layers/shoal/src", here / "src")
    (site / "ours.pth").write_text("".join(f"{path}\n" for path in ours))
    for name in ("pytest", "shoal"):
        script = here / ".venv" / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {here}/.venv/bin/python -m {name} "$@"\n')
        script.chmod(0o755)


if __name__ == "__main__":
    main()
