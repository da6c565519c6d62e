"""Helpers that run attempts of container tasks while the cluster changes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from shoal import Context
from tasks import container
from tasks.container import ContainerResult
from tasks.container_job import ContainerSpec, job_manifest, job_name
from tasks.container_run import PollingSchedule
from tests.unit.worker.fake_kubernetes import FakeKubernetes

JOB = "job_01J9ZK3V5W7X8Y9Z0A1B2C3D4E"
GUIDE = Path(__file__).parents[3] / "docs/how-to/container-tasks.md"
IDENTITIES = GUIDE.parents[2] / "eks" / "base" / "identities.yaml"
QUICK = PollingSchedule(first_delay=0.001, max_delay=0.004, start_timeout=0.0, cleanup_timeout=10.0)
PATIENT = PollingSchedule(
    first_delay=0.001, max_delay=0.004, start_timeout=3_600.0, cleanup_timeout=10.0
)


@dataclass
class Attempt:
    """The part of a Context that a container task uses."""

    epoch: int = 1
    attempt: int = 1
    index: int = 7
    remaining: float = 60.0
    cancelled: bool = False
    job_id: str = JOB

    @property
    def task_id(self) -> str:
        return f"{self.job_id}.{self.index}"

    @property
    def name(self) -> str:
        return job_name(cast("Context", self))

    def manifest(self) -> dict[str, Any]:
        spec = ContainerSpec(
            image="tools/a:1", env={}, cpu="1", memory="1Gi", user=None, read_only=True
        )
        return job_manifest(spec, cast("Context", self), "shoal-task")

    async def run(self, **given: Any) -> ContainerResult:
        """Runs the task like a worker."""
        arguments = container.arguments({"image": "tools/a:1"} | given, cast("Context", self))
        return await container(**arguments)

    async def run_until_cancelled(
        self, fake_kubernetes: FakeKubernetes, when: str, *, flag: bool = True
    ) -> None:
        """Runs the task and cancels it just before a request."""
        loop, running = asyncio.get_running_loop(), asyncio.ensure_future(self.run())

        def cancel() -> None:
            self.cancelled = flag
            loop.call_soon_threadsafe(running.cancel)

        fake_kubernetes.before[when].append(cancel)
        with pytest.raises(asyncio.CancelledError):
            await running


def outcome_of(attempt: Attempt, **given: Any) -> ContainerResult:
    return asyncio.run(attempt.run(**given))


def verbs_of_the_guide() -> set[str]:
    """Returns the permissions in the how-to page, as "verb resource"."""
    return _verbs(re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)[0])


def verbs_of_the_manifests() -> set[str]:
    """Returns the permissions that a deployment gives its workers, as "verb resource"."""
    return _verbs(IDENTITIES.read_text())


def _verbs(manifests: str) -> set[str]:
    (role,) = (each for each in yaml.safe_load_all(manifests) if each["kind"] == "Role")
    return {
        f"{verb} {resource}"
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def each_poll(fake_kubernetes: FakeKubernetes, *steps: Callable[[], None]) -> None:
    """Runs one of the steps before each poll of the Job."""
    fake_kubernetes.before["get jobs"].extend(steps)


def no_change() -> None:
    """Changes nothing."""
