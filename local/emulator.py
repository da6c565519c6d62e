"""Runs the emulator as a child process on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import boto3
import httpx
from botocore.config import Config

from local.parent_death_signal import die_with_parent

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"
START_SECONDS: Final = 30.0
_ROOT: Final = Path(__file__).parents[1]


class TwinError(Exception):
    """The twin cannot run. The message is a sentence that states how to fix it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key of the emulator."""

    access: str
    secret: str

    def environment(self) -> dict[str, str]:
        """Returns the variables for boto3."""
        return {"AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret}

    @classmethod
    def read(cls, file: Path) -> Self:
        """Returns the key in a file."""
        return cls(**json.loads(file.read_text()))

    def write(self, file: Path) -> None:
        """Writes the key to a file that only the current user can read."""
        write_private(file, json.dumps({"access": self.access, "secret": self.secret}))


def root_keys(home: Path) -> Keys:
    """Returns the root key of a twin: random, and stored, so that it survives a restart."""
    file = home / "root-keys.json"
    if not file.exists():
        Keys(f"ROOT{secrets.token_hex(8).upper()}", secrets.token_urlsafe(32)).write(file)
    return Keys.read(file)


def write_private(file: Path, content: str) -> Path:
    """Writes a file that only the current user can read, at once and whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_name(f"{file.name}.new")
    made.unlink(missing_ok=True)
    made.touch(mode=0o600)
    made.write_text(content)
    return made.replace(file)


class Emulator:
    """An emulator with its state in a directory. Use it as a context manager.

    `module` is the program that runs it. Pages of the `origins` may call it.
    """

    def __init__(
        self,
        home: Path,
        port: int,
        module: str = "local.patches",
        *,
        origins: Sequence[str] = (),
    ) -> None:
        self.home = home
        self.root = root_keys(home)
        self._origins = ",".join(origins)
        self.port = port
        self._module = module
        self.url = f"http://127.0.0.1:{port}"
        self.api_id_file = home / "api-id"
        self.log_file = home / "emulator.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", self._module, str(self.api_id_file), self._origins],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=_ROOT,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one call into libc, no lock taken
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # functions that are still running

    def check(self) -> None:
        """Raises TwinError if the emulator has exited."""
        if self.process is not None and self.process.poll() is not None:
            raise TwinError(f"the emulator exited; see its log: {self.log_file}")

    def _environment(self) -> dict[str, str]:
        state = self.home / "state"
        state.mkdir(exist_ok=True)
        scratch = self.home / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return {
            **base_environment(),
            **self.root.environment(),
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": "1",
            "S3_DATA_DIR": str(state / "objects"),
            "S3_PERSIST": "1",
            "STATE_DIR": str(state),
            "TMPDIR": str(scratch),
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(base_url=self.url, timeout=2) as client:
            while time.monotonic() < deadline:
                if self.process is not None and self.process.poll() is not None:
                    tail = self.log_file.read_text(errors="replace").strip().splitlines()[-1:]
                    raise TwinError(f"the emulator exited during its start: {' '.join(tail)}")
                try:
                    if client.get("/_ministack/health").is_success:
                        return
                except httpx.TransportError:
                    time.sleep(0.05)
        raise TwinError(f"the emulator did not respond; see its log: {self.log_file}")

    def client(self, service: str, keys: Keys | None = None) -> Any:
        """Returns a boto3 client of the emulator, by default with root credentials."""
        keys = keys or self.root
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=keys.access,
            aws_secret_access_key=keys.secret,
            config=Config(retries={"total_max_attempts": 3}, read_timeout=120),
        )


def base_environment() -> Mapping[str, str]:
    """Returns the environment for child processes, without the AWS settings of the user."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}  # noqa: TID251 - passed on as a whole
    return {**own, "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "PYTHONUNBUFFERED": "1"}
