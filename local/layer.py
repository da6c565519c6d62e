"""Builds the shared layer when it has changed, with the makefile target that SAM uses."""

from __future__ import annotations

import fcntl
import hashlib
import platform
import subprocess
from pathlib import Path
from typing import Final

from local.application import ROOT
from local.emulator import TwinError

SOURCE: Final = ROOT / "layers" / "shoal"
SHARED: Final = ROOT / ".twin" / "shared"
"""The directory of the layer for benches and tests, built once for all of their platforms."""
ARCHITECTURE: Final = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def built(home: Path) -> Path:
    """Returns the directory of the layer. If several processes call it, only one builds it."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "layer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _built(home)


def _built(home: Path) -> Path:
    out = home / "layer"
    digest_file = home / "layer.sha256"
    digest = _digest()
    if out.exists() and digest_file.exists() and digest_file.read_text() == digest:
        return out
    digest_file.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(  # noqa: S603 - our own makefile
        [
            *("make", "--silent", "-C", str(SOURCE), "build-SharedLayer"),
            f"ARTIFACTS_DIR={out}",
            f"ARCHITECTURE={ARCHITECTURE}",
            f"UV={ROOT / '.tools' / 'bin' / 'uv'}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise TwinError(f"cannot build the layer: {result.stderr.strip()[-500:]}")
    digest_file.write_text(digest)
    return out


def _digest() -> str:
    digest = hashlib.sha256(ARCHITECTURE.encode())
    for path in (
        SOURCE / "Makefile",
        SOURCE / "requirements.txt",
        *sorted(SOURCE.glob("src/**/*.py")),
    ):
        digest.update(f"{path.relative_to(SOURCE)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
