"""`python -m local` as a subprocess."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import httpx

from local.application import ROOT
from local.emulator import base_environment
from local.parent_death_signal import die_with_parent
from local.twin import free_port
from tests.twin.polling import eventually

READY: Final = "Press Ctrl-C to stop the platform."


class Command:
    """A `python -m local`; its children are found by its home in their environment."""

    def __init__(self, home: Path, *words: object) -> None:
        self.home = home
        self._said = Path(mkdtemp(prefix="said-", dir=home))
        with (self._said / "out").open("wb") as out, (self._said / "err").open("wb") as err:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "local", "--home", str(home), *map(str, words)],
                cwd=ROOT,
                env={**base_environment(), "COMMAND_HOME": str(home)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one call into libc, no lock taken
            )

    @property
    def printed(self) -> str:
        return (self._said / "out").read_text()

    @property
    def complained(self) -> str:
        return " ".join((self._said / "err").read_text().split())

    def ends(self, seconds: float = 240) -> int:
        """Wait until it has ended, and return its exit code."""
        return self.process.wait(seconds)

    def interrupted(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.ends()


def left(home: Path) -> list[str]:
    """Return the processes whose command line or environment contains the home."""
    listed = ["ps", "axeww", "-o", "pid=,stat=,command="]
    lines = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()  # noqa: S603
    return [line for line in lines if str(home) in line and line.split()[1][0] != "Z"]


class Platform(Command):
    """`up`, by default with one worker."""

    def __init__(self, home: Path, *ports: int, workers: int = 1) -> None:
        self.ports = ports or (free_port(), free_port(), free_port())
        flags = zip(("--port", "--issuer-port", "--console-port"), self.ports, strict=True)
        numbers = [word for pair in flags for word in pair]
        super().__init__(home, "up", *numbers, "--tasks", 50, "--workers", workers)

    def ready(self) -> None:
        eventually(lambda: READY in self.printed or self.process.poll() is not None, seconds=240)
        assert READY in self.printed, self.complained

    def users(self) -> httpx.Client:
        token = (self.home / "token").read_text()
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports[0]}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )


@contextmanager
def up(home: Path, *ports: int, workers: int = 1) -> Iterator[Platform]:
    """Start a platform; kill it at the end if it still runs."""
    platform = Platform(home, *ports, workers=workers)
    try:
        platform.ready()
        yield platform
    finally:
        platform.process.kill()
        platform.process.wait()
        eventually(lambda: not left(home))
