"""Worker processes of the twin. They have only the access key of a worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final, Self

from local.application import ROOT, Deployment
from local.emulator import REGION, Emulator, Keys, TwinError, base_environment
from local.parent_death_signal import die_with_parent

GRACE_SECONDS: Final = 5
DRAIN_SECONDS: Final = 15.0
_USAGE_ERROR: Final = 2
_USER: Final = "shoal-worker"


def worker_environment(
    emulator: Emulator, deployment: Deployment, *, lease_seconds: float
) -> dict[str, str]:
    """Returns the variables for a worker, in any language."""
    return {
        **worker_keys(emulator, deployment).environment(),
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": emulator.url,
        "SHOAL_API_URL": f"{emulator.url}/_aws/execute-api/{deployment['ApiId']}/$default",
        "SHOAL_QUEUE_HIGH_URL": deployment["QueueHighUrl"],
        "SHOAL_QUEUE_NORMAL_URL": deployment["QueueNormalUrl"],
        "SHOAL_QUEUE_LOW_URL": deployment["QueueLowUrl"],
        "SHOAL_LEASE_SECONDS": f"{lease_seconds:g}",
    }


def worker_keys(emulator: Emulator, deployment: Deployment) -> Keys:
    """Returns an access key with the permissions of the worker's policy."""
    file = emulator.home / "worker-keys.json"
    if file.exists():
        return Keys.read(file)
    iam = emulator.client("iam")
    iam.create_user(UserName=_USER)
    iam.attach_user_policy(UserName=_USER, PolicyArn=deployment["WorkerPolicyArn"])
    key = iam.create_access_key(UserName=_USER)["AccessKey"]
    keys = Keys(key["AccessKeyId"], key["SecretAccessKey"])
    keys.write(file)
    return keys


def _urls(queues: Collection[str]) -> set[str]:
    return {f"SHOAL_QUEUE_{queue.upper()}_URL" for queue in queues}


class Workers:
    """The worker processes. Use it as a context manager: on exit, it stops all workers.

    The workers do not use the queues in `leave`.
    """

    def __init__(
        self,
        emulator: Emulator,
        deployment: Deployment,
        *,
        lease_seconds: float,
        slots: int = 2,
        tasks: str = "tasks",
        paths: tuple[Path, ...] = (),
        leave: Collection[str] = (),
    ) -> None:
        self._emulator = emulator
        environment = worker_environment(emulator, deployment, lease_seconds=lease_seconds)
        python_path = (ROOT / "layers/shoal/src", ROOT / "worker_image", *paths)
        self._environment = {
            **base_environment(),
            **{name: value for name, value in environment.items() if name not in _urls(leave)},
            "PYTHONPATH": ":".join(map(str, python_path)),
            "SHOAL_TASKS": tasks,
            "SHOAL_SLOTS": str(slots),
            "SHOAL_GRACE_SECONDS": str(GRACE_SECONDS),
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(DRAIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Starts a worker. An earlier worker of the same name must have ended."""
        with self._log_file(name).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "shoal", "worker", "run"],
                env={**self._environment, "SHOAL_WORKER_ID": name},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one call into libc, no lock taken
            )
        self.processes[name] = process
        return process

    def freeze(self, name: str) -> subprocess.Popen[bytes]:
        """Suspends all threads of a worker until it receives SIGCONT.

        Waits until the worker is suspended, which takes a while on a busy machine.
        """
        process = self.processes[name]
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return process

    def restart_dead(self) -> list[str]:
        """Restarts the workers that died, like Kubernetes. Returns their names.

        Raises TwinError if a worker exited with a usage error, because it would exit again.
        """
        dead = {name: process for name, process in self.processes.items() if process.poll()}
        for name, process in dead.items():
            if process.returncode == _USAGE_ERROR:
                raise TwinError(f"{name} cannot start; see its log: {self._log_file(name)}")
            self.start(name)
        return list(dead)

    def _log_file(self, name: str) -> Path:
        return self._emulator.home / f"{name}.log"
