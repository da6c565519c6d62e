"""Branches that the runs must reach, so that no law holds only because it was never tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.prove.faults import Fault
from tests.prove.users import VERBS

STALLED: Final = (
    *("Api", "Callbacks", "PlanTasks", "CreateTasks", "EnqueueTasks", "MonitorCompletion"),
    *("WaitAndRetry", "ExecutionEnded", "Sweep", "LiveDeltas", "JobEvents"),
)
"""Functions that must stall, and then continue."""
LISTS: Final = (
    *("jobs", "events", "queues", "workers", "task-types", "dead-letters", "bulk-actions"),
    *("webhooks", "health"),
)
OF_A_JOB: Final = (
    *("jobs/{id}/tasks", "jobs/{id}/results", "jobs/{id}/failures", "jobs/{id}/map"),
    *("jobs/{id}/why", "jobs/{id}/events", "jobs/{id}/dead-letters", "tasks/{id}"),
    *("tasks/{id}/attempts", "tasks/{id}/why"),
)
DEMANDED: Final = (
    *("lease: granted", "lease: granted, isolated", "lease: done", "lease: held"),
    *("lease: cancelled", "lease: paused"),
    *("report: accepted, final", "report: accepted, partial", "report: cancelled, final"),
    "report: stale, final",
    *("heartbeat: extended", "heartbeat: stale", "heartbeat: directive pause"),
    *("lease: type_not_offered", "lease: unavailable", "report: unavailable, final"),
    *("forged reports: stale", "forged heartbeats: stale", "forged parts: 409"),
    *("forged effects: 409", "forged artifacts: 409"),
    *("heartbeat: unavailable", "an isolated task is named before it starts"),
    "a lease lapses unacknowledged, 1 in a row",
    *("a lease lapses, crash 1", "a lease lapses, crash 2", "a task is FAILED after crashes"),
    *("a job ends COMPLETED", "a job ends FAILED", "a job ends CANCELLED"),
    "a job ends for its age",
    *("a job is stopped, to end CANCELLED", "a job is stopped, to end FAILED"),
    *("a job is paused", "a job is resumed", "a window is changed"),
    "an ended chunk lets another into the window",
    "an ended chunk is counted without a claim",
    "chunks that were claimed together are sent",
    "a message is sent again by the monitor",
    *("a retry of all begins", "a retry of some begins", "a chunk is reset by a retry"),
    *("a chunk is sealed", "a task waits to be retried"),
    *("a canary ends a job: failed", "a canary is followed by the rest"),
    *("state machine job: HandOver", "state machine job: FailJob"),
    *("state machine job: JobCancelled", "state machine bulk: Done"),
    "state machine export: FileIsWhole",
    *(f"a later version wrote a {kind}" for kind in ("job", "chunk", "tally")),
    *(f"a bulk {verb}" for verb in ("cancel", "pause", "resume", "retry", "delete")),
    *(f"user: {verb.name}" for verb in VERBS),
    *(f"{name} stalls" for name in STALLED),
    *(f"GET /api/v1/{noun}: 200" for noun in (*LISTS, *OF_A_JOB)),
    "POST /api/v1/inputs: 200",
    "POST /api/v1/webhooks: 201",
    "POST /api/v1/webhooks/{id}/test: 202",
    "POST /api/v1/webhooks/{id}/rotate: 200",
    "DELETE /api/v1/webhooks/{id}: 204",
    "POST /api/v1/live-tickets: 201",
    "POST /api/v1/bulk-actions/{id}/abort: 202",
    "POST /api/v1/tasks/{id}/failed: 200",
    "POST /api/v1/jobs: 201",
    "POST /api/v1/jobs/{id}/clone: 201",
    "POST /api/v1/jobs/{id}/cancel: 202",
    "POST /api/v1/jobs/{id}/pause: 202",
    "POST /api/v1/jobs/{id}/resume: 202",
    "POST /api/v1/jobs/{id}/retry: 202",
    "POST /api/v1/jobs/{id}/discard: 200",
    "POST /api/v1/jobs/{id}/exports: 202",
    "POST /api/v1/bulk-actions: 202",
    "POST /api/v1/tasks/{id}/running: 200",
    "POST /api/v1/tasks/{id}/complete: 200",
    "PATCH /api/v1/jobs/{id}: 200",
    "DELETE /api/v1/jobs/{id}: 204",
    "GET /api/v1/jobs/{id}: 404",
)


OUTSIDE: Final = frozenset(
    (
        *("GET /api/v1/machines", "PUT /api/v1/machines/{id}", "DELETE /api/v1/machines/{id}"),
        *("GET /api/v1/tenants", "GET /api/v1/tenants/{id}/limits"),
        *("PUT /api/v1/tenants/{id}/limits", "GET /api/v1/jobs/{id}/exports/{id}"),
        *("GET /api/v1/webhooks/{id}", "GET /api/v1/webhooks/{id}/deliveries"),
        *("GET /api/v1/bulk-actions/{id}", "POST /api/v1/effects", "POST /api/v1/artifacts"),
        *("GET /api/v1/tasks/{id}/artifacts", "GET /api/v1/tasks/{id}/result"),
    )
)
"""Operations of the API that no run has to reach."""
OF_WORKERS: Final = frozenset(
    f"POST /api/v1/{noun}" for noun in ("leases", "heartbeats", "reports", "parts", "workers")
)
"""Operations of the workers, which each run uses."""


def missing(reached: Mapping[str, int], faults: Mapping[Fault, int]) -> list[str]:
    """Demanded branches that were not reached, and faults that did not strike."""
    return [
        *(branch for branch in DEMANDED if not reached.get(branch)),
        *(str(fault) for fault in Fault if not faults.get(fault)),
    ]
