"""Submissions, lists, changes and problems."""

from tests.compat.chapter import LAST_ETAG
from tests.compat.recorder import Recorder, machine, user

FULL = {
    "task_type": "sized",
    "name": "nightly",
    "grid": {"size": [1, 2], "seed": {"range": [0, 6, 2]}},
    "params": {"size": 5},
    "chunk_size": 4,
    "priority": "high",
    "max_parallelism": 2,
    "timeout": 30.0,
    "retry": {
        "max_attempts": 3,
        "backoff": 2.0,
        "factor": 3.0,
        "max_delay": 60.0,
        "non_retryable": ["KeyError"],
    },
    "deadline": "2027-01-16T08:00:00Z",
    "max_failed": 1,
    "tags": {"team": "ml", "run": "7"},
}


def sources(play: Recorder) -> None:
    """Every source of tasks, and every field of a submission."""
    play.register()
    play.worker(
        "a worker offers a type that takes anything",
        "workers",
        {
            "worker": "w-2",
            "task_types": [{"name": "open", "schema": {}}],
            "image": "pictures:1.4.0",
            "digest": "9f2c51b7d0e84a36",
        },
    )
    full = {**FULL, "task_type": "open"}
    key = {"idempotency-key": "key-1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    play.post("every field, with a key and a trace", "/jobs", full, headers=key)
    play.post("the same again", "/jobs", full, headers=key)
    play.post("another body under the key", "/jobs", FULL, headers=key, status=409)
    job = play.submit("only a count", count=5)
    play.wait(10)
    play.submit(
        "a long grid, whose spec is compressed", grid={"x": [f"{n:040}" for n in range(60)]}
    )
    inline = [{"size": 1}, {"size": 2}, {"size": 3}]
    lines = play.submit("inline inputs", task_type="sized", inputs=inline, priority="low")
    place = play.post("a place for inputs", "/inputs")["inputs_uri"]
    key_of = str(place).removeprefix("s3://inputs/")
    play.upload("inputs", key_of, b'{"size":1}\n{"size":2}\n{"size":3}\n')
    uploaded = play.submit(
        "uploaded inputs", task_type="sized", inputs_uri=place, chunk_size=2, name="uploaded"
    )
    play.start("uploaded inputs", uploaded)
    (lease,) = play.lease("a chunk of uploaded inputs", uploaded, 0)
    assert lease["decision"] == "granted", lease
    play.start("inline inputs", lines)
    play.lease("a chunk of inline inputs", lines, 0)
    bad = play.post("another place for inputs", "/inputs")["inputs_uri"]
    play.upload("inputs", str(bad).removeprefix("s3://inputs/"), b'{"size":1}\n{"size":0}\nno\n')
    wrong = play.submit("uploaded inputs with bad lines", task_type="sized", inputs_uri=bad)
    play.play("bad inputs: plan", "plan_tasks", {"job": wrong, "generation": 1, "n": 1})
    play.get("bad inputs: the job", f"/jobs/{wrong}")
    play.start("a count", job)
    play.get("a count: the job", f"/jobs/{job}")
    play.get("a count: tasks", f"/jobs/{job}/tasks")


def lists(play: Recorder) -> None:
    """Filters, pages and entity tags."""
    play.register()
    first = play.submit("the first", count=1, name="alpha one", tags={"team": "ml", "run": "1"})
    play.wait(60)
    play.submit("the second", count=2, name="alpha two", tags={"team": "ml"})
    play.wait(60)
    play.submit("the third", task_type="sized", count=3, params={"size": 1}, name="beta")
    page = play.get("a page", "/jobs", query="limit=2")
    play.get("the next page", "/jobs", query=f"limit=2&next_token={page['next_token']}")
    play.get("by status", "/jobs", query="status=PENDING,RUNNING")
    play.get("by type", "/jobs", query="type=sized")
    play.get("by name", "/jobs", query="name=alpha")
    play.get("by tag", "/jobs", query="tag=team%3Dml")
    play.get("by a tag's key", "/jobs", query="tag=run")
    window = "since=2027-01-15T08:00:30Z&until=2027-01-15T08:01:30Z"
    play.get("by time", "/jobs", query=window)
    play.get("by status and tag", "/jobs", query="status=PENDING&tag=team%3Dml&limit=1")
    foreign = f"limit=2&status=PENDING&next_token={page['next_token']}"
    play.get("a token of another query", "/jobs", query=foreign, status=422)
    play.get("a job", f"/jobs/{first}")
    known = {"if-none-match": LAST_ETAG}
    play.get("a job that is known", f"/jobs/{first}", headers=known, status=304)
    play.get("another tenant's list", "/jobs", claims=user("acme"))
    play.get("another tenant's job", f"/jobs/{first}", claims=user("acme"), status=404)


def changes(play: Recorder) -> None:
    """Changes, clones, cancellations and deletions of jobs."""
    play.register()
    job = play.submit("six tasks", count=6, chunk_size=1, max_parallelism=1, name="wide")
    play.start("six tasks", job)
    fields = {"name": "wider", "max_parallelism": 3, "tags": {"team": "ops"}}
    play.http("change it", "PATCH", f"/jobs/{job}", fields)
    play.http("change its priority", "PATCH", f"/jobs/{job}", {"priority": "high"})
    nothing = {"max_parallelism": None}
    play.http("remove the limit", "PATCH", f"/jobs/{job}", nothing)
    play.post("clone it", f"/jobs/{job}/clone")
    different = {
        "name": "a copy",
        "params": {"x": 1},
        "priority": "low",
        "max_parallelism": 2,
        "timeout": 9.0,
        "retry": {"max_attempts": 2},
        "deadline": "2027-01-17T08:00:00Z",
        "tags": {"copy": "yes"},
    }
    key = {"idempotency-key": "clone-1"}
    copy = play.post("clone it otherwise", f"/jobs/{job}/clone", different, headers=key)["id"]
    play.post("clone it otherwise again", f"/jobs/{job}/clone", different, headers=key)
    play.http("delete a running job", "DELETE", f"/jobs/{job}", status=409)
    play.lease("lease before the cancel", job, 0, 1)
    play.post("cancel it", f"/jobs/{job}/cancel")
    play.lease("lease after the cancel", job, 2, request="request-2")
    play.get("while it is cancelled", f"/jobs/{job}")
    play.monitor("cancelled: monitor", job)
    play.get("cancelled", f"/jobs/{job}")
    play.get("cancelled: tasks", f"/jobs/{job}/tasks")
    play.http("change a job that has ended", "PATCH", f"/jobs/{job}", {"name": "x"}, status=409)
    play.post("cancel a job that has ended", f"/jobs/{job}/cancel")
    play.http("delete it", "DELETE", f"/jobs/{job}")
    play.http("delete it again", "DELETE", f"/jobs/{job}")
    play.get("deleted", f"/jobs/{job}", status=404)
    play.get("audit log of the copy", f"/jobs/{copy}/events")
    page = play.get("audit log", "/events", query="limit=3")
    play.get(
        "next page of the audit log", "/events", query=f"limit=3&next_token={page['next_token']}"
    )


def problems(play: Recorder) -> None:
    """Every kind of problem."""
    play.register()
    job = play.submit("a job", count=1)
    play.get("no route", "/nothing", status=404)
    play.get("no token", "/jobs", claims=None, status=401)
    play.get("no tenant", "/jobs", claims=user() | {"cognito:groups": "[]"}, status=403)
    play.get("an unknown machine", "/jobs", claims=machine("c-1"), status=403)
    reading = user(scope="shoal/jobs:read")
    play.post("no scope", "/jobs", {"task_type": "noop", "count": 1}, claims=reading, status=403)
    play.get("no job", "/jobs/job_00000000000000000000000000", status=404)
    play.get("no task", f"/tasks/{job}.7", status=404)
    play.get("no bulk action", "/bulk-actions/bulk_00000000000000000000000000", status=404)
    play.get("no export", f"/jobs/{job}/exports/exp_00000000000000000000000000", status=404)
    play.get("no webhook", "/webhooks/wh_00000000000000000000000000", status=404)
    play.http("no machine", "DELETE", "/machines/nobody", status=404)
    place = play.post("a place that stays empty", "/inputs")["inputs_uri"]
    gone = {"task_type": "noop", "inputs_uri": place}
    play.post("no inputs", "/jobs", gone, status=404)
    play.post("no JSON", "/jobs", "{", status=400)
    play.post("twice the same name", "/jobs", '{"count": 1, "count": 2}', status=400)
    kind = {"content-type": "text/plain"}
    play.post("no JSON by its type", "/jobs", "x", headers=kind, status=415)
    play.post("too long", "/jobs", length=2_100_000, status=413)
    play.post("an unknown field", "/jobs", {"task_type": "noop", "cuont": 1}, status=422)
    play.post(
        "two sources", "/jobs", {"task_type": "noop", "count": 1, "grid": {"x": [1]}}, status=422
    )
    play.post("no type of this name", "/jobs", {"task_type": "nothing", "count": 1}, status=422)
    bad = {"task_type": "sized", "inputs": [{"size": 1}, {"size": "x"}]}
    play.post("inputs that do not fit", "/jobs", bad, status=422)
    play.get("an unknown parameter", "/jobs", query="stauts=FAILED", status=422)
    play.post("an unexpected body", f"/jobs/{job}/pause", {"x": 1}, status=422)
    play.post("retry a running job", f"/jobs/{job}/retry", status=409)
    play.post("a retry of nothing", f"/jobs/{job}/retry", {"indices": []}, status=422)
    play.get("the result of a running task", f"/tasks/{job}.0/result", status=409)
    play.facts(faults={"dynamodb.GetItem": "ProvisionedThroughputExceededException"})
    play.get("a dependency is unavailable", f"/jobs/{job}", status=503)
    play.facts(faults={"dynamodb.GetItem": "ValidationException"})
    play.get("an internal error", f"/jobs/{job}", status=500)
    play.worker("a worker calls nothing", "nothing", {}, status=404)
    play.worker("a worker sends no JSON", "leases", "{", status=400)
    play.worker("a worker sends an unknown field", "leases", {"worker": "w-1", "x": 1}, status=422)
    wrong = {"job_id": job, "chunk": 0, "epoch": 1, "report": 1, "final": True, "outcomes": []}
    part = {"reports": [wrong | {"part": {"key": "outcomes/another"}}], "worker": "w-1"}
    play.worker("a part of another report", "reports", part, status=422)
    play.facts(faults={"dynamodb.GetItem": "ProvisionedThroughputExceededException"})
    place = {name: wrong[name] for name in ("job_id", "chunk", "epoch", "report")}
    wanted = {"worker": "w-1", **place, "size": 1}
    play.worker("a dependency of a worker is unavailable", "parts", wanted, status=503)
    started = {"job": "job_00000000000000000000000000", "generation": 1, "n": 1}
    play.play("plan no job", "plan_tasks", started)
