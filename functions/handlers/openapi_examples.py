"""Defines an example of each body for the contract, by the name of its schema.

All examples belong to one story: a nightly job of 1,000 images, one of which is not an image.
"""

from collections.abc import Mapping
from typing import Any, Final

from shoal.domain.dead_letter import DeadCause
from shoal.domain.lease_token import lease_token

type Sample = Mapping[str, Any]

_JOB: Final = "job_01M8D293DG2CN0VKF225DPTQ3A"
_TASK: Final = f"{_JOB}.42"
_BULK: Final = "bulk_01M8D2F6ZC8J3WB5R9Y4T1N7QK"
_CAUSE: Final = "3f9a1c0d5e7b2a48"
_WORKER: Final = "worker-7f"
_BEGAN, _STARTED, _ENDED = (
    "2026-11-27T01:00:00.000Z",
    "2026-11-27T01:00:04.120Z",
    "2026-11-27T01:12:31.480Z",
)
_MACHINE: Final = "3n4b5urk1ft4fl3mg5e62d9ado"
_IMAGE: Final = "pictures:1.4.0"
_DIGEST: Final = "9f2c51b7d0e84a36"
_RETRY: Final = {
    "max_attempts": 3,
    "backoff": 1.0,
    "factor": 2.0,
    "max_delay": 300.0,
    "non_retryable": ["ValueError"],
}
_INPUT: Final = {"key": "a.gif", "size": 256}
_ERROR: Final = {
    "type": "ValueError",
    "message": "a.gif: not a JPEG",
    "tail": "opening a.gif\n",
    "retryable": False,
}
_SCHEMA: Final = {
    "type": "object",
    "properties": {"key": {"type": "string"}, "size": {"type": "integer", "default": 256}},
    "required": ["key"],
    "additionalProperties": False,
}
_WEBHOOK: Final = {
    "id": "wh_01M8D2F6ZC8J3WB5R9Y4T1N7QK",
    "url": "https://hooks.example/shoal",
    "events": ["job.completed", "job.failed"],
    "description": "the imaging team",
    "created_at": _BEGAN,
    "enabled": True,
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": None,
}
_PLACE: Final = {"job_id": _JOB, "chunk": 1}
_LEASE_REQUEST: Final = "9f2c41d07be85a63c1f04d7728ab96e3"
_HELD: Final = {
    **_PLACE,
    "epoch": 1,
    "token": lease_token(_LEASE_REQUEST, _JOB, 1, 1),
}

_JOB_BODY: Final = {
    "id": _JOB,
    "name": "nightly",
    "task_type": "thumbnail",
    "status": "RUNNING",
    "paused": False,
    "paused_at": None,
    "drained": False,
    "ending": None,
    "generation": 1,
    "selection": None,
    "discards": [],
    "canary": None,
    "task_count": 1_000,
    "chunk_size": 25,
    "counts": {
        "pending": 900,
        "running": 40,
        "retrying": 2,
        "completed": 57,
        "failed": 1,
        "cancelled": 0,
    },
    "version": 68_719_476_753,
    "priority": "normal",
    "max_parallelism": 50,
    "timeout": 300.0,
    "deadline": None,
    "retry": _RETRY,
    "max_failed": 0,
    "created_at": _BEGAN,
    "started_at": _STARTED,
    "finished_at": None,
    "reason": None,
    "tags": {"team": "ml"},
    "links": {
        "self": f"/api/v1/jobs/{_JOB}",
        "tasks": f"/api/v1/jobs/{_JOB}/tasks",
        "results": f"/api/v1/jobs/{_JOB}/results",
    },
}
_TASK_BODY: Final = {
    "id": _TASK,
    "job_id": _JOB,
    "index": 42,
    "status": "FAILED",
    "attempts": 1,
    "progress": None,
    "worker": None,
    "started_at": _STARTED,
    "finished_at": _ENDED,
    "duration": 1.52,
    "input": _INPUT,
    "result": None,
    "error": _ERROR,
    "too_large": False,
}
_RESULT_BODY: Final = {"index": 7, "result": {"bytes": 5_120}, "too_large": False}
_BULK_BODY: Final = {
    "id": _BULK,
    "action": "cancel",
    "filter": {"status": ["RUNNING"], "tag": "team=ml", "until": _ENDED},
    "dry_run": False,
    "status": "COMPLETED",
    "aborting": False,
    "by": "ada",
    "done": 119,
    "refused": 1,
    "refusals": [{"job_id": _JOB, "reason": f"job {_JOB} is COMPLETED"}],
    "created_at": _ENDED,
    "finished_at": "2026-11-27T01:12:40.020Z",
    "reason": None,
    "links": {"self": f"/api/v1/bulk-actions/{_BULK}"},
}
_MACHINE_BODY: Final = {"client_id": _MACHINE, "tenant": "acme"}
_TENANT_BODY: Final = {
    "tenant": "acme",
    "limits": {
        "open_jobs": 500,
        "queued_tasks": 5_000_000,
        "submit_rate": 5.0,
        "submit_burst": 50,
        "retention_days": 90,
    },
    "own": ["open_jobs"],
    "usage": {"open_jobs": 3, "queued_tasks": 12_000},
}

EXAMPLES: Final[Mapping[str, Sample]] = {
    # Jobs
    "JobSubmission": {
        "task_type": "thumbnail",
        "name": "nightly",
        "inputs": [_INPUT, {"key": "b.jpg"}],
        "params": {"size": 128},
        "chunk_size": "auto",
        "priority": "normal",
        "max_parallelism": 50,
        "timeout": 300,
        "retry": _RETRY,
        "max_failed": 0,
        "tags": {"team": "ml"},
    },
    "CloneRequest": {"name": "nightly, smaller", "params": {"size": 64}, "priority": "high"},
    "ChangeRequest": {"priority": "high", "max_parallelism": 200},
    "RetryRequest": {"cause": _CAUSE, "canary": {"share": 0.01, "bar": 0.9}},
    "DiscardRequest": {"cause": _CAUSE, "reason": "these files are not images"},
    "JobBody": _JOB_BODY,
    "JobPageBody": {"items": [_JOB_BODY], "next_token": None},
    "UploadRequest": {"size": 48_000_000},
    "UploadBody": {
        "inputs_uri": "s3://inputs/uploads/acme/01M8D293DG2CN0VKF225DPTQ3A.jsonl",
        "upload_url": "https://inputs.example/uploads/acme/01M8D293DG2CN0VKF225DPTQ3A.jsonl",
        "upload_headers": {"If-None-Match": "*"},
        "expires_at": _ENDED,
    },
    "WhyBody": {
        "id": _JOB,
        "reasons": [
            {
                "code": "running",
                "sentence": "40 tasks are running.",
                "facts": {"running": 40},
            }
        ],
    },
    "EventPageBody": {
        "items": [
            {
                "id": _JOB,
                "at": _BEGAN,
                "who": "ada",
                "action": "submit",
                "job_id": _JOB,
                "detail": {},
            }
        ],
        "next_token": None,
    },
    "FailuresBody": {
        "failed": 1,
        "counted": 1,
        "items": [
            {
                "cause": _CAUSE,
                "task_type": "thumbnail",
                "error_type": "ValueError",
                "message": "<path>: not a JPEG",
                "count": 1,
                "discarded": 0,
                "discard": None,
                "examples": [{"task_id": _TASK, "message": "a.gif: not a JPEG"}],
            }
        ],
        "next_token": None,
    },
    "BulkRequest": {
        "action": "cancel",
        "filter": {"status": ["RUNNING"], "tag": "team=ml"},
        "dry_run": False,
    },
    "BulkActionBody": _BULK_BODY,
    "BulkActionPageBody": {"items": [_BULK_BODY], "next_token": None},
    "TicketBody": {
        "ticket": "c2V2ZW50ZWVuIGJ5dGVzLi4u",
        "url": "wss://live.example/live",
        "expires_at": "2026-11-27T01:00:30.000Z",
    },
    # Tasks
    "TaskBody": _TASK_BODY,
    "TaskPageBody": {"items": [_TASK_BODY], "next_token": None, "rows_read": 2},
    "AttemptsBody": {
        "items": [
            {
                "outcome": "failed",
                "generation": 1,
                "attempt": 1,
                "epoch": 1,
                "report": 1,
                "worker": "w-7f",
                "started_at": _STARTED,
                "finished_at": _ENDED,
                "duration": 1.52,
                "progress": None,
                "lease_until": None,
                "crashes": None,
                "error": _ERROR,
                "result": None,
            }
        ],
        "next_token": None,
    },
    "TaskRunning": {"worker": "ada"},
    "TaskComplete": {"worker": "ada", "result": {"bytes": 5_120}},
    "TaskFailed": {"worker": "ada", "error": _ERROR},
    "ResultBody": _RESULT_BODY,
    "ResultPageBody": {
        "items": [_RESULT_BODY],
        "missing": [{"first": 42, "last": 42, "count": 1, "why": "FAILED"}],
        "next_token": None,
    },
    "ArtifactsBody": {
        "items": [{"name": "a.jpg", "size": 5_120, "url": "https://results.example/a.jpg"}]
    },
    # The deployment
    "HealthBody": {"status": "ok"},
    "QueuesBody": {
        "items": [
            {"priority": "high", "waiting": 0, "in_flight": 0, "delayed": 0},
            {"priority": "normal", "waiting": 36, "in_flight": 2, "delayed": 1},
            {"priority": "low", "waiting": 0, "in_flight": 0, "delayed": 0},
        ]
    },
    "TaskTypesBody": {
        "items": [
            {
                "name": "thumbnail",
                "description": "Create a thumbnail of an image.",
                "schema": _SCHEMA,
                "timeout": 300.0,
                "retry": _RETRY,
                "batch": None,
                "image": _IMAGE,
                "digest": _DIGEST,
                "mean_seconds": 0.8,
            }
        ],
        "next_token": None,
    },
    "WorkerPageBody": {
        "items": [
            {
                "name": _WORKER,
                "state": "alive",
                "version": "0.1.0",
                "image": _IMAGE,
                "host": "node-3",
                "slots": 4,
                "queues": ["high", "normal", "low"],
                "task_types": [{"name": "thumbnail", "digest": _DIGEST}],
                "started_at": _BEGAN,
                "last_seen_at": _ENDED,
                "silent_since": None,
            }
        ],
        "next_token": None,
    },
    "ExportBody": {
        "id": "exp_01M8D2F6ZC8J3WB5R9Y4T1N7QK",
        "job_id": _JOB,
        "status": "DONE",
        "created_at": _STARTED,
        "finished_at": _ENDED,
        "results": 999,
        "missing": 1,
        "size": 48_213,
        "url": "https://results.example/exports",
        "error": None,
    },
    "WebhookSetting": {
        "url": "https://hooks.example/shoal",
        "events": ["job.completed", "job.failed"],
        "description": "the imaging team",
    },
    "WebhookSecretBody": {**_WEBHOOK, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    "WebhookBody": _WEBHOOK,
    "WebhookListBody": {"items": [_WEBHOOK], "next_token": None},
    "WebhookTestBody": {"event_id": "test_01M8D2F6ZC8J3WB5R9Y4T1N7QK"},
    "DeliveryListBody": {
        "items": [
            {
                "event_id": f"{_JOB}.9.completed",
                "event_type": "job.completed",
                "attempt": 1,
                "at": _ENDED,
                "status_code": 503,
                "duration": 0.214,
                "error": None,
                "next_attempt_at": "2026-11-27T01:12:36.480Z",
            }
        ],
        "next_token": None,
    },
    "DeadLetterPageBody": {
        "items": [
            {
                "job_id": _JOB,
                "cause": "UNFINISHED",
                "sentence": DeadCause.UNFINISHED.sentence,
                "count": 2,
                "receives": 12,
                "first_at": _STARTED,
                "last_at": _ENDED,
                "examples": [{"chunk": 1, "task_id": f"{_JOB}.25", "receives": 6, "at": _ENDED}],
                "links": {
                    "job": f"/api/v1/jobs/{_JOB}",
                    "failures": f"/api/v1/jobs/{_JOB}/failures",
                    "retry": f"/api/v1/jobs/{_JOB}/retry",
                },
            }
        ],
        "next_token": None,
    },
    # Tenants
    "LimitsSetting": {"open_jobs": 500},
    "TenantBody": _TENANT_BODY,
    "TenantPageBody": {"items": [_TENANT_BODY], "next_token": None},
    "MachineSetting": {"tenant": "acme"},
    "MachineBody": _MACHINE_BODY,
    "MachinePageBody": {"items": [_MACHINE_BODY], "next_token": None},
    # Workers
    "LeaseRequest": {
        "worker": _WORKER,
        "request_id": _LEASE_REQUEST,
        "chunks": [_PLACE],
        "task_types": ["thumbnail"],
        "per_chunk": True,
        "tokens": True,
    },
    "LeaseAnswer": {
        "leases": [
            {
                **_HELD,
                "decision": "granted",
                "until": "2026-11-27T01:01:04.000Z",
                "task_type": "thumbnail",
                "timeout": 300.0,
                "isolated": False,
                "params": {"size": 128},
                "tasks": [{"index": 42, "attempt": 1, "input": _INPUT}],
            },
            {"job_id": _JOB, "chunk": 2, "decision": "held", "retry_after": 42.0},
        ]
    },
    "HeartbeatRequest": {
        "worker": _WORKER,
        "leases": [{**_HELD, "index": 42, "progress": 0.4}],
    },
    "HeartbeatAnswer": {
        "leases": [
            {
                **_PLACE,
                "decision": "extended",
                "until": "2026-11-27T01:02:04.000Z",
                "directive": None,
            }
        ]
    },
    "ReportRequest": {
        "worker": _WORKER,
        "reports": [
            {
                **_HELD,
                "report": 1,
                "final": True,
                "outcomes": [
                    {
                        "index": 41,
                        "attempt": 1,
                        "outcome": "completed",
                        "started_at": _STARTED,
                        "duration": 0.8,
                        "result": {"bytes": 5_120},
                    },
                    {
                        "index": 42,
                        "attempt": 1,
                        "outcome": "failed",
                        "started_at": _STARTED,
                        "duration": 1.52,
                        "error": _ERROR,
                    },
                ],
            }
        ],
    },
    "ReportAnswer": {"reports": [{**_PLACE, "decision": "accepted"}]},
    "PartRequest": {**_HELD, "worker": _WORKER, "report": 1, "size": 5_000_000},
    "PartAnswer": {
        "key": f"outcomes/{_JOB}/1/1-1.json",
        "url": "https://results.example/outcomes",
        "headers": {"If-None-Match": "*"},
    },
    "EffectRequest": {
        **_HELD,
        "worker": _WORKER,
        "index": 42,
        "key": "mail",
        "effect": {"value": "sent"},
    },
    "EffectAnswer": {"effect": {"value": "sent"}},
    "ArtifactRequest": {**_HELD, "worker": _WORKER, "index": 41, "name": "a.jpg", "size": 5_120},
    "ArtifactAnswer": {
        "uri": f"s3://results/artifacts/{_JOB}/41/a.jpg",
        "url": "https://results.example/artifacts",
        "headers": {},
    },
    "WorkerRegistration": {
        "worker": _WORKER,
        "task_types": [
            {
                "name": "thumbnail",
                "schema": _SCHEMA,
                "description": "Create a thumbnail of an image.",
            }
        ],
        "image": _IMAGE,
        "digest": _DIGEST,
    },
    "RegistrationAnswer": {"worker": _WORKER, "registered": 1},
}
