"""Branches that the runs must reach, so that no law holds only because it was never tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DEMANDED: Final = (
    *("lease: granted", "lease: granted, isolated", "lease: done", "lease: held"),
    *("lease: cancelled", "lease: paused"),
    *("report: accepted, final", "report: accepted, partial", "report: cancelled, final"),
    "report: stale, final",
    *("heartbeat: extended", "heartbeat: stale", "heartbeat: directive pause"),
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


def missing(reached: Mapping[str, int]) -> list[str]:
    """Demanded branches that were not reached."""
    return [branch for branch in DEMANDED if not reached.get(branch)]
