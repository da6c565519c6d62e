"""People who watch jobs: each creates a webhook and opens a live connection when a run starts."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from shoal.domain.job import Job
from shoal.domain.job_version import job_version
from shoal.domain.live import CONNECTION_SECONDS
from tests.prove.gateway import NoAnswer
from tests.prove.users import claims_of

if TYPE_CHECKING:
    from tests.prove.world import World


class Viewer:
    """Watches all jobs of a tenant."""

    def __init__(self, world: World, tenant: str) -> None:
        self.tenant = tenant
        self._world = world
        self._connection = f"socket-{tenant}"
        self._from: float | None = None
        """When it was subscribed."""

    def live(self) -> None:
        """Create a webhook, connect and subscribe."""
        url = f"https://hooks.example.com/{self.tenant}"
        created = self._ask("/api/v1/webhooks", {"url": url}, f"hook-{self.tenant}")
        if created is not None and not self._world.jobs.rows:
            self._world.first_webhooks.add(url)
        ticket = self._ask("/api/v1/live-tickets", None, None)
        if ticket is None:
            return
        verified = self._verified(ticket["ticket"])
        if verified is None or self._invoke("$connect", {}, verified) != HTTPStatus.OK:
            return
        sent = self._world.connections.sent.setdefault(self._connection, [])
        self._invoke("$default", {"body": json.dumps({"action": "subscribe"})})
        if any(json.loads(message)["type"] == "subscribed" for message in sent):
            self._from = self._world.simulation.now

    def _ask(self, path: str, body: Any, key: str | None) -> Any:
        try:
            answer = self._world.gateway.user_request(
                claims_of(self.tenant), "POST", path, body, key=key
            )
        except NoAnswer:
            return None
        return answer.body if answer.status == HTTPStatus.CREATED else None

    def _verified(self, ticket: str) -> dict[str, Any] | None:
        """Ask the authorizer, as API Gateway does; None if it fails or denies the connection."""
        event = {"methodArn": "$connect", "queryStringParameters": {"ticket": ticket}}
        invocation = self._world.functions.invoke("LiveAuthorizer", event)
        invocation.wait(float("inf"))
        if invocation.crashed or invocation.error:
            return None
        (statement,) = invocation.answer["policyDocument"]["Statement"]
        allowed: dict[str, Any] = invocation.answer["context"]
        return allowed if statement["Effect"] == "Allow" else None

    def _invoke(
        self, route: str, event: dict[str, Any], verified: dict[str, Any] | None = None
    ) -> int | None:
        about = {"routeKey": route, "connectionId": self._connection, "authorizer": verified}
        invocation = self._world.functions.invoke("Live", {"requestContext": about} | event)
        invocation.wait(float("inf"))
        if invocation.crashed or invocation.error:
            return None
        status: int = invocation.answer["statusCode"]
        return status

    def check(self, job: Job) -> None:
        """The latest delta of a job has its final version."""
        world = self._world
        if self._from is None or self._connection in world.connections.gone:
            return
        ended = job.finished_at
        if ended is None or not self._from < ended < self._from + CONNECTION_SECONDS - 600.0:
            return
        if job.deleted_at is not None:
            return
        messages = map(json.loads, world.connections.sent[self._connection])
        deltas = [each for each in messages if each.get("job_id") == job.id]
        last = max((each["version"] for each in deltas if each["type"] == "delta"), default=-1)
        wanted = job_version(job.version, job.moves)
        # A change after the end, such as a discard, can be too late for the connection.
        world.laws.check(
            "a viewer is sent the last state of each job",
            last >= wanted or job.discards != (),
            f"{job.id[-4:]}: {last} of {wanted}",
        )
