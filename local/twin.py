"""Boots the whole platform: issuer, emulator, application, workers."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from local.application import Deployment, deploy
from local.emulator import Emulator, TwinError, base_environment
from local.issuer import AUDIENCE, CONSOLE_PORT, TENANT, Issuer
from local.layer import ARCHITECTURE, built
from local.loopback import origins
from local.workers import Workers, worker_environment

STAGE: Final = "twin"
_VARIABLES: Final = {
    "SHOAL_TASKS_TABLE": "TasksTableName",
    "SHOAL_JOBS_TABLE": "JobsTableName",
    "SHOAL_REGISTRY_TABLE": "RegistryTableName",
    "SHOAL_INPUTS_BUCKET": "InputsBucketName",
    "SHOAL_RESULTS_BUCKET": "ResultsBucketName",
    "SHOAL_QUEUE_HIGH_URL": "QueueHighUrl",
    "SHOAL_QUEUE_NORMAL_URL": "QueueNormalUrl",
    "SHOAL_QUEUE_LOW_URL": "QueueLowUrl",
    "SHOAL_STATE_MACHINE_ARN": "StateMachineArn",
    "SHOAL_BULK_MACHINE_ARN": "BulkMachineArn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The configuration of a twin. Times are in seconds, ports are on loopback.

    `emulator` is the module that runs its emulator.
    """

    home: Path
    port: int = 8000
    issuer_port: int = 8001
    console_port: int = CONSOLE_PORT
    lease_seconds: float = 10.0
    wait_seconds: int = 10
    layer_home: Path | None = None
    emulator: str = "local.patches"

    @property
    def console_url(self) -> str:
        """The URL of the console, if it is served."""
        return f"http://localhost:{self.console_port}"


@dataclass(frozen=True, slots=True)
class Twin:
    """A running platform."""

    plan: Plan
    emulator: Emulator
    issuer: Issuer
    deployment: Deployment

    @property
    def url(self) -> str:
        """The URL of the API."""
        return self.emulator.url

    def api_client(self, *, tenant: str = TENANT, admin: bool = True) -> httpx.Client:
        """Returns an API client with the token of a user of the tenant."""
        return self.client_with_token(
            self.issuer.token(user=f"you@{tenant}", tenant=tenant, admin=admin)
        )

    def client_with_token(self, token: str) -> httpx.Client:
        """Returns an API client with this token."""
        return httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )

    def workers(
        self,
        *,
        slots: int = 2,
        tasks: str = "tasks",
        paths: tuple[Path, ...] = (),
        leave: Collection[str] = (),
    ) -> Workers:
        """Returns the workers of this platform, without starting any."""
        return Workers(
            self.emulator,
            self.deployment,
            lease_seconds=self.plan.lease_seconds,
            slots=slots,
            tasks=tasks,
            paths=paths,
            leave=leave,
        )

    def environment_of_worker(self) -> dict[str, str]:
        """Returns the variables for a worker of this twin, in any language."""
        return worker_environment(
            self.emulator, self.deployment, lease_seconds=self.plan.lease_seconds
        )

    def environment(self) -> dict[str, str]:
        """Returns the environment of a function, for processes that use the adapters."""
        endpoint = {"AWS_ENDPOINT_URL": self.emulator.url}
        keys = self.emulator.root.environment()
        return {**base_environment(), **keys, **endpoint, **self.environment_of_sam()}

    def environment_of_sam(self) -> dict[str, str]:
        """Returns the variables of `sam local start-api --env-vars` for this twin.

        SAM also needs the parameter EndpointUrl. It passes its own credentials.
        """
        variables = {variable: self.deployment[output] for variable, output in _VARIABLES.items()}
        return {
            "SHOAL_STAGE": STAGE,
            "SHOAL_LEASE_SECONDS": f"{self.plan.lease_seconds:g}",
            **variables,
        }

    def sweep(self) -> None:
        """Runs the sweep now."""
        self.emulator.client("lambda").invoke(
            FunctionName=self.deployment["SweepFunctionName"], Payload=json.dumps({}).encode()
        )


@contextmanager
def booted(plan: Plan) -> Iterator[Twin]:
    """Boots a twin. On exit, stops its processes and keeps its state."""
    for port, flag in ((plan.port, "--port"), (plan.issuer_port, "--issuer-port")):
        require_free(port, flag)
    layer = built(plan.layer_home or plan.home)
    with ExitStack() as stack:
        consoles = origins(plan.console_port)
        issuer = stack.enter_context(
            Issuer(plan.home, plan.issuer_port, console_port=plan.console_port)
        )
        emulator = stack.enter_context(
            Emulator(plan.home, plan.port, plan.emulator, origins=consoles)
        )
        deployment = deploy(
            emulator,
            layer,
            {
                "Stage": STAGE,
                "Architecture": ARCHITECTURE,
                "EndpointUrl": emulator.url,
                "LocalWebhooks": "true",
                "JwtIssuer": issuer.url,
                "JwtAudience": AUDIENCE,
                "CorsOrigins": ",".join(consoles),
                "LeaseSeconds": f"{plan.lease_seconds:g}",
                "WaitSeconds": str(plan.wait_seconds),
            },
        )
        twin = Twin(plan, emulator, issuer, deployment)
        twin.sweep()
        yield twin


def require_free(port: int, flag: str) -> None:
    """Raises TwinError if the port is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise TwinError(
                f"port {port} is in use: stop the process that uses it (`make down` for a twin),"
                f" or choose another port with `python -m local up {flag} N`"
            ) from None


def free_port() -> int:
    """Returns an unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def remove_state(home: Path) -> None:
    """Removes the state of a twin."""
    shutil.rmtree(home, ignore_errors=True)
