"""Pauses, retries, canaries, bulk actions, and reasons why jobs wait."""

from tests.compat.recorder import BOOM, FATAL, Recorder, ended


def pauses(play: Recorder) -> None:
    """Pause and resume."""
    play.register()
    job = play.submit("three chunks", count=3, chunk_size=1)
    play.start("three chunks", job)
    (lease,) = play.lease("lease the first", job, 0)
    play.post("pause", f"/jobs/{job}/pause")
    play.stream("paused: events", "job_events")
    play.get("paused", f"/jobs/{job}")
    play.get("paused: why", f"/jobs/{job}/why")
    play.lease("paused: lease", job, 1, request="request-2")
    beat = {"job_id": job, "chunk": 0, "epoch": 1, "index": 0}
    play.worker("paused: heartbeat", "heartbeats", {"worker": "w-1", "leases": [beat]})
    play.report("the running chunk ends", lease, [ended(0)])
    seen = play.monitor("paused: monitor", job)["seen"]
    play.wait(600)
    play.post("resume", f"/jobs/{job}/resume")
    play.stream("resumed: events", "job_events")
    play.monitor("resumed: monitor", job, seen=seen, passes=1)
    play.run("the second", job, 1)
    play.run("the third", job, 2)
    play.get("all ended", f"/jobs/{job}")


def retries(play: Recorder) -> None:
    """Discards, and retries of some tasks and of a cause."""
    play.register()
    job = play.submit("six tasks", count=6, chunk_size=2)
    play.start("six tasks", job)
    play.run("first", job, 0, failed=(0,))
    play.run("second", job, 1, failed=(2, 3))
    play.run("third", job, 2, failed=(4,))
    play.get("four failed", f"/jobs/{job}")
    cause = play.get("their cause", f"/jobs/{job}/failures")["items"][0]["cause"]
    one = {"indices": [4], "reason": "not worth it"}
    play.post("discard one", f"/jobs/{job}/discard", one)
    play.post("retry one", f"/jobs/{job}/retry", {"indices": [2]})
    play.stream("retried: events", "job_events")
    play.start("one again", job, generation=2)
    play.get("one again: the job", f"/jobs/{job}")
    play.run("one again", job, 1)
    play.post("retry a cause", f"/jobs/{job}/retry", {"cause": cause})
    play.start("a cause again", job, generation=3)
    play.run("a cause again: first", job, 0, failed=(0,))
    play.run("a cause again: second", job, 1)
    play.run("a cause again: third", job, 2, failed=(4,))
    play.post("discard a cause", f"/jobs/{job}/discard", {"cause": cause, "reason": "enough"})
    play.post("discard all", f"/jobs/{job}/discard", {"all": True, "reason": "enough"})
    play.get("discarded: the job", f"/jobs/{job}")
    play.get("discarded: failures", f"/jobs/{job}/failures")
    play.get("retried: attempts", f"/tasks/{job}.2/attempts")
    play.get("retried: events of the job", f"/jobs/{job}/events")


def canaries(play: Recorder) -> None:
    """Canaries that pass and fail."""
    play.register()
    for name, failed in (("passes", ()), ("fails", (0,))):
        job = play.submit(f"{name}: three tasks", count=3, chunk_size=1)
        play.start(f"{name}: three tasks", job)
        for chunk in range(3):
            play.run(f"{name}: task {chunk}", job, chunk, failed=(chunk,))
        canary = {"canary": {"share": 0.3, "bar": 0.9}}
        play.post(f"{name}: a canary", f"/jobs/{job}/retry", canary)
        play.start(f"{name}: the canary", job, generation=2)
        play.get(f"{name}: the canary runs", f"/jobs/{job}")
        play.run(f"{name}: the canary ends", job, 0, failed=failed)
        play.stream(f"{name}: events", "job_events")
        ends = {"status": "FAILED", "stopDate": 1_800_000_010.0}
        play.facts(executions={f"{job}-2-1": ends})
        play.play(f"{name}: its execution ended", "execution_ended", name_of(job, 2))
        play.get(f"{name}: result", f"/jobs/{job}")
        if not failed:
            play.start(f"{name}: the rest", job, generation=3)
            play.run(f"{name}: the rest 1", job, 1)
            play.run(f"{name}: the rest 2", job, 2)
        play.get(f"{name}: events of the job", f"/jobs/{job}/events")
    all_of = play.submit("all of it: two tasks", task_type="noop", count=2, chunk_size=1)
    play.start("all of it: two tasks", all_of)
    play.run("all of it: one fails", all_of, 0, failed=(0,))
    play.run("all of it: another", all_of, 1)
    play.post("all of it: retry", f"/jobs/{all_of}/retry")
    play.start("all of it: again", all_of, generation=2)
    (lease,) = play.lease("all of it: lease", all_of, 0, request="request-2")
    play.report("all of it: fails again", lease, [ended(0, error=FATAL)])
    play.get("all of it: the job", f"/jobs/{all_of}")


def many(play: Recorder) -> None:
    """Bulk actions."""
    play.register()
    jobs = [play.submit(f"job {n}", count=1, tags={"team": "ml"}) for n in range(2)]
    play.wait(1)
    which = {"status": ["PENDING", "RUNNING"], "tag": "team=ml"}
    key = {"idempotency-key": "bulk-1"}
    dry = {"action": "pause", "filter": which, "dry_run": True}
    trial = play.post("a dry run", "/bulk-actions", dry, headers=key)["id"]
    play.post("the dry run again", "/bulk-actions", dry, headers=key)
    play.post(
        "another under its key", "/bulk-actions", {**dry, "dry_run": False}, headers=key, status=409
    )
    play.play("the dry run: step", "bulk_actions", {"tenant": "default", "action": trial})
    play.get("the dry run ended", f"/bulk-actions/{trial}")
    for verb in ("pause", "resume", "cancel", "retry", "delete"):
        filter_ = which if verb in {"pause", "resume"} else {"tag": "team=ml"}
        body = {"action": verb, "filter": filter_}
        found = play.post(f"{verb} all", "/bulk-actions", body)["id"]
        play.play(f"{verb} all: step", "bulk_actions", {"tenant": "default", "action": found})
        play.get(f"{verb} all: result", f"/bulk-actions/{found}")
        if verb == "cancel":
            for n, job in enumerate(jobs):
                play.monitor(f"cancelled {n}: monitor", job)
        play.wait(1)
    every = {
        "status": ["FAILED"],
        "since": "2027-01-15T08:00:00Z",
        "until": "2027-01-15T09:00:00Z",
        "type": "noop",
        "name": "a",
        "tag": "team",
    }
    last = play.post("every filter", "/bulk-actions", {"action": "retry", "filter": every})["id"]
    play.post("abort it", f"/bulk-actions/{last}/abort")
    play.play("aborted: step", "bulk_actions", {"tenant": "default", "action": last})
    lost = play.post(
        "begin one that fails", "/bulk-actions", {"action": "cancel", "filter": which}
    )["id"]
    given = {"tenant": "default", "action": lost, "cause": "States.Timeout: again"}
    play.play("give up the bulk action", "bulk_actions", given)
    page = play.get("list bulk actions", "/bulk-actions", query="limit=3")
    play.get("next page", "/bulk-actions", query=f"limit=3&next_token={page['next_token']}")


def waiting(play: Recorder) -> None:
    """Workers, queues, and reasons why a job waits."""
    play.register(
        every=60.0,
        version="0.1.0",
        image="pictures:1.4.0",
        digest="9f2c51b7d0e84a36",
        host="node-3",
        slots=4,
        queues=["high", "normal"],
        started_at="2027-01-15T07:59:00Z",
    )
    job = play.submit("four tasks", count=4, chunk_size=1, retry={"max_attempts": 3})
    play.get("not begun: why", f"/jobs/{job}/why")
    play.start("four tasks", job)
    play.facts(depths={"normal": [36, 2, 1]}, ages={"normal": 12.0, "high": 3.0})
    play.get("queues", "/queues")
    play.facts(depths={"normal": [4, 0, 0]})
    play.get("enqueued: why", f"/jobs/{job}/why")
    play.get("enqueued: why a task", f"/tasks/{job}.2/why")
    (lease,) = play.lease("lease one", job, 0)
    play.get("running: why", f"/jobs/{job}/why")
    play.get("running: why a task", f"/tasks/{job}.0/why")
    play.report("a task fails and is retrying", lease, [ended(0, error=BOOM)])
    play.get("retrying: why a task", f"/tasks/{job}.0/why")
    play.get("workers", "/workers")
    play.get("task types", "/task-types")
    play.get("health", "/health", claims=None)
    play.wait(300)
    play.get("silent workers", "/workers")
    play.get("all workers are silent: why", f"/jobs/{job}/why")
    offers = [{"name": "noop", "schema": {"type": "object"}}]
    leaving = {"worker": "w-1", "task_types": offers, "number": 2, "leaving": True, "every": 60.0}
    leaving["started_at"] = "2027-01-15T07:59:00Z"
    play.worker("the worker leaves", "workers", leaving)
    play.get("workers that left", "/workers")
    play.post("cancel", f"/jobs/{job}/cancel")
    play.monitor("cancelled: monitor", job)
    play.get("cancelled: why", f"/jobs/{job}/why")
    play.get("cancelled: why a task", f"/tasks/{job}.2/why")


def reasons(play: Recorder) -> None:
    """Every reason why a job or a task waits."""
    play.register()
    place = play.post("a place for inputs", "/inputs")["inputs_uri"]
    play.upload("inputs", str(place).removeprefix("s3://inputs/"), b"no JSON\n")
    bad = play.submit("bad inputs", inputs_uri=place)
    play.play("bad inputs: plan", "plan_tasks", {"job": bad, "generation": 1, "n": 1})
    play.get("inputs refused", f"/jobs/{bad}/why")
    job = play.submit(
        "three chunks", count=6, chunk_size=2, max_parallelism=1, deadline="2027-01-15T08:20:00Z"
    )
    given = {"job": job, "generation": 1, "n": 1}
    play.get("planning", f"/jobs/{job}/why")
    play.play("plan", "plan_tasks", given)
    play.get("enqueuing", f"/jobs/{job}/why")
    play.facts(executions={f"{job}-1-1": {"status": "FAILED", "error": "Boom", "stopDate": 1.8e9}})
    play.get("execution failed", f"/jobs/{job}/why")
    play.play("create", "create_tasks", {**given, "first": 0, "count": 3})
    play.play("enqueue", "enqueue_tasks", {**given, "first": 0, "count": 3})
    play.monitor("monitor", job)
    play.get("window full", f"/jobs/{job}/why")
    play.get("window full: a task", f"/tasks/{job}.5/why")
    play.lease("lease 1", job, 0)
    play.get("running", f"/jobs/{job}/why")
    beat = {"job_id": job, "chunk": 0, "epoch": 1, "index": 0}
    play.worker("heartbeat", "heartbeats", {"worker": "w-1", "leases": [beat]})
    play.get("held: a task", f"/tasks/{job}.1/why")
    play.wait(61)
    play.get("worker silent", f"/jobs/{job}/why")
    play.get("worker silent: a task", f"/tasks/{job}.0/why")
    play.lease("lease 2", job, 0, request="request-2")
    play.wait(61)
    play.lease("lease 3", job, 0, request="request-3")
    play.get("isolated", f"/jobs/{job}/why")
    play.get("isolated: a task", f"/tasks/{job}.0/why")
    play.get("isolated: attempts", f"/tasks/{job}.0/attempts")
    play.wait(61)
    play.get("unacknowledged", f"/jobs/{job}/why")
    play.wait(839)
    play.get("deadline near", f"/jobs/{job}/why")
    play.post("cancel", f"/jobs/{job}/cancel")
    play.get("ending", f"/jobs/{job}/why")
    beat = {"job_id": job, "chunk": 0, "epoch": 3, "index": 0}
    play.worker("a directive", "heartbeats", {"worker": "w-1", "leases": [beat]})
    own = {"job_id": job, "chunk": 0, "epoch": 3}
    play.report("a report that comes too late", own, [ended(0)])
    play.monitor("cancelled: monitor", job)
    play.get("cancelled: attempts", f"/tasks/{job}.0/attempts")
    _settled(play)


def _settled(play: Recorder) -> None:
    other = play.submit("one task", count=1, retry={"max_attempts": 2})
    play.start("one task", other)
    (lease,) = play.lease("lease it", other, 0)
    play.report("it fails and is retrying", lease, [ended(0, error=BOOM)])
    play.wait(60)
    play.get("settling", f"/jobs/{other}/why")
    play.run("tried again", other)
    play.get("completed", f"/jobs/{other}/why")
    play.get("completed: a task", f"/tasks/{other}.0/why")


def expiry(play: Recorder) -> None:
    """Reads after parts have expired, and a canary that is stopped."""
    play.register()
    job = play.submit("two chunks", count=2, chunk_size=1)
    play.start("two chunks", job)
    play.run("first", job, 0)
    play.lease("done, while the job runs", job, 0, request="request-2")
    play.run("second", job, 1, failed=(1,))
    play.expire("tasks", f"outcomes/{job}/0/1.1")
    play.get("a lost part: results", f"/jobs/{job}/results", query="format=json")
    play.get("a lost part: attempts", f"/tasks/{job}.0/attempts")
    play.get("a lost part: the task", f"/tasks/{job}.0")
    play.get("a lost part: the result", f"/tasks/{job}.0/result", status=409)
    canary = {"canary": {"share": 0.5, "bar": 0.5}}
    play.post("a canary", f"/jobs/{job}/retry", canary)
    play.post("cancel it", f"/jobs/{job}/cancel")
    play.monitor("cancelled: monitor", job, generation=2)
    play.get("the canary was stopped", f"/jobs/{job}")


def name_of(job: str, generation: int) -> dict[str, dict[str, str]]:
    """Returns the event of an execution that ended."""
    return {"detail": {"name": f"{job}-{generation}-1"}}
