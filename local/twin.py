"""The whole platform, booted: issuer, emulator, application, workers."""

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
from local.emulator import (
    ROOT_KEY,
    ROOT_SECRET,
    Emulator,
    Keys,
    TwinError,
    base_environment,
)
from local.issuer import AUDIENCE, TENANT, Issuer
from local.layer import ARCHITECTURE, built
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
    """How a twin is to be booted. Seconds; ports on loopback."""

    home: Path
    port: int = 8000
    issuer_port: int = 8001
    console_port: int = 3000
    lease_seconds: float = 10.0
    wait_seconds: int = 10
    layer_home: Path | None = None

    @property
    def console_url(self) -> str:
        """Where the console is, if it is served."""
        return f"http://localhost:{self.console_port}"


@dataclass(frozen=True, slots=True)
class Twin:
    """A platform that runs."""

    plan: Plan
    emulator: Emulator
    issuer: Issuer
    deployment: Deployment

    @property
    def url(self) -> str:
        """Where the API is."""
        return self.emulator.url

    def api_client(self, *, tenant: str = TENANT, admin: bool = True) -> httpx.Client:
        """A client of the API with the token of a tenant's user."""
        return self.client_with_token(
            self.issuer.token(user=f"you@{tenant}", tenant=tenant, admin=admin)
        )

    def client_with_token(self, token: str) -> httpx.Client:
        """A client of the API with this token."""
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
        """Workers of this platform; none is started yet."""
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
        """What a worker has to be told to work for this twin, yours or one in another language."""
        return worker_environment(
            self.emulator, self.deployment, lease_seconds=self.plan.lease_seconds
        )

    def environment(self) -> dict[str, str]:
        """What a function of this platform is told, for whoever wires adapters to it."""
        endpoint = {"AWS_ENDPOINT_URL": self.emulator.url}
        keys = Keys(ROOT_KEY, ROOT_SECRET).environment()
        return {**base_environment(), **keys, **endpoint, **self.environment_of_sam()}

    def environment_of_sam(self) -> dict[str, str]:
        """What `sam local start-api --env-vars` has to tell functions, to run them on this twin.

        Where it is comes as the parameter EndpointUrl, and credentials are SAM's own.
        """
        variables = {variable: self.deployment[output] for variable, output in _VARIABLES.items()}
        return {
            "SHOAL_STAGE": STAGE,
            "SHOAL_LEASE_SECONDS": f"{self.plan.lease_seconds:g}",
            **variables,
        }

    def sweep(self) -> None:
        """Have the sweep look after open jobs now."""
        self.emulator.client("lambda").invoke(
            FunctionName=self.deployment["SweepFunctionName"], Payload=json.dumps({}).encode()
        )


@contextmanager
def booted(plan: Plan) -> Iterator[Twin]:
    """Boot a twin; on leaving, no process of it is left and its state is kept."""
    for port, flag in ((plan.port, "--port"), (plan.issuer_port, "--issuer-port")):
        require_free(port, flag)
    layer = built(plan.layer_home or plan.home)
    with ExitStack() as stack:
        issuer = stack.enter_context(Issuer(plan.home, plan.issuer_port))
        emulator = stack.enter_context(Emulator(plan.home, plan.port))
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
                "CorsOrigins": f"http://localhost:{plan.console_port},http://127.0.0.1:{plan.console_port}",
                "LeaseSeconds": f"{plan.lease_seconds:g}",
                "WaitSeconds": str(plan.wait_seconds),
            },
        )
        twin = Twin(plan, emulator, issuer, deployment)
        twin.sweep()
        yield twin


def require_free(port: int, flag: str) -> None:
    """Raise TwinError if something listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise TwinError(
                f"port {port} is taken: stop what listens there (`make down`, if it is a twin),"
                f" or choose another with `python -m local up {flag} N`"
            ) from None


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def remove_state(home: Path) -> None:
    """Remove a twin's state."""
    shutil.rmtree(home, ignore_errors=True)
