"""Chunks that workers run, and the reads of their tasks."""

import json

from tests.compat.chapter import LAST_ETAG
from tests.compat.recorder import BOOM, FATAL, Recorder, ended


def reports(play: Recorder) -> None:
    """A job of two chunks until it is COMPLETED, with every kind of report and heartbeat."""
    play.register()
    job = play.submit("eight tasks", count=8, chunk_size=4, retry={"max_attempts": 2})
    play.start("eight tasks", job)
    waits = {"job": job, "generation": 1, "token": "token-1"}
    play.play("the execution waits", "wait_and_retry", waits)
    play.wait(2)
    first, second = play.lease("lease both chunks", job, 0, 1)
    play.lease("lease both chunks again", job, 0, 1)
    play.lease("another worker finds them held", job, 0, worker="w-2", request="request-2")
    play.get("running: the job", f"/jobs/{job}")
    play.get("running: a task", f"/tasks/{job}.1")
    beat = {"job_id": job, "chunk": 0, "epoch": first["epoch"]}
    hand = {**beat, "index": 1, "progress": 0.25}
    other = {"job_id": job, "chunk": 1, "epoch": second["epoch"], "index": 4}
    play.wait(5)
    play.worker("a heartbeat", "heartbeats", {"worker": "w-1", "leases": [hand, other]})
    play.get("a running task", f"/tasks/{job}.1")
    stale = {"worker": "w-1", "leases": [{**beat, "epoch": 7}]}
    play.worker("a stale heartbeat", "heartbeats", stale)
    play.report("a partial report", first, [ended(0), ended(1, error=FATAL)], final=False)
    play.report("the same partial report", first, [ended(0), ended(1, error=FATAL)], final=False)
    play.report("a final report", first, [ended(2), ended(3, error=BOOM)], number=2)
    play.report("a stale report", {**first, "epoch": 9}, [ended(2)], number=2)
    play.get("one failed, one is retrying", f"/jobs/{job}/tasks", query="limit=4")
    (early,) = play.lease("the chunk is not due", job, 0, request="request-3")
    assert early["decision"] != "granted"
    play.report("the other chunk ends", second, [ended(n) for n in range(4, 8)])
    play.monitor("half of it is ended: monitor", job)
    play.wait(60)
    (again,) = play.lease("the chunk is due", job, 0, request="request-4")
    play.get("attempts while it runs", f"/tasks/{job}.3/attempts")
    play.report("the last task ends", again, [ended(3, 2)])
    play.stream("events of the end", "job_events")
    play.lease("lease a chunk that has ended", job, 0, request="request-5")
    play.monitor("ended: monitor", job)
    play.facts(executions={f"{job}-1-1": {"status": "FAILED", "stopDate": 1_800_000_067.0}})
    play.play("the execution ended", "execution_ended", {"detail": {"name": f"{job}-1-1"}})
    _read(play, job)


def _read(play: Recorder, job: str) -> None:
    """Reads every view of a job that has ended."""
    play.get("ended: the job", f"/jobs/{job}")
    play.get("ended: tasks that failed", f"/jobs/{job}/tasks", query="status=FAILED")
    play.get("ended: the slowest", f"/jobs/{job}/tasks", query="order=slowest&limit=2")
    page = play.get("ended: tasks of many attempts", f"/jobs/{job}/tasks", query="attempts=2")
    play.get("ended: some of the tasks", f"/jobs/{job}/tasks", query="start=2&end=5")
    assert page["items"]
    play.get("ended: a task", f"/tasks/{job}.3")
    play.get("ended: its result", f"/tasks/{job}.3/result")
    play.get("ended: the result of a failed task", f"/tasks/{job}.1/result", status=409)
    play.get("ended: attempts", f"/tasks/{job}.3/attempts")
    results = play.get("ended: results", f"/jobs/{job}/results", query="limit=3")
    more = f"limit=3&next_token={results['next_token']}"
    play.get("ended: more results", f"/jobs/{job}/results", query=more)
    play.get("ended: JSON Lines", f"/jobs/{job}/results", query="format=jsonl&limit=3")
    lines = {"accept": "application/x-ndjson"}
    play.get("ended: JSON Lines by header", f"/jobs/{job}/results", headers=lines)
    play.get("ended: map of tasks", f"/jobs/{job}/map")
    known = {"if-none-match": LAST_ETAG}
    play.get("ended: a known map", f"/jobs/{job}/map", headers=known, status=304)
    play.get("ended: map of chunks", f"/jobs/{job}/map", query="cells=chunk")
    failures = play.get("ended: failures", f"/jobs/{job}/failures")
    cause = failures["items"][0]["cause"]
    play.get("ended: tasks of a cause", f"/jobs/{job}/tasks", query=f"cause={cause}")


def tokens(play: Recorder) -> None:
    """Leases with tokens: a grant, a repeat, requests with and without the token, and a retry."""
    play.register()
    job = play.submit("two tasks", count=2, chunk_size=2)
    play.start("two tasks", job)
    request = {
        "worker": "w-1",
        "request_id": "a-request-of-at-least-22-characters",
        "chunks": [{"job_id": job, "chunk": 0}],
        "task_types": ["noop"],
        "per_chunk": True,
        "tokens": True,
    }
    (lease,) = play.worker("lease with a token", "leases", request)["leases"]
    play.worker("lease it again", "leases", request)
    place = {name: lease[name] for name in ("job_id", "chunk", "epoch")}
    own = {**place, "token": lease["token"]}
    play.worker("a heartbeat", "heartbeats", {"worker": "w-1", "leases": [own | {"index": 0}]})
    play.worker("a heartbeat without the token", "heartbeats", {"worker": "w-1", "leases": [place]})
    part = {"worker": "w-1", **place, "report": 1, "size": 300_000}
    play.worker("a part without the token", "parts", part, status=409)
    outcomes = [ended(0), ended(1, error=FATAL)]
    play.report("a report without the token", lease, outcomes)
    play.report("a report", lease, outcomes, token=lease["token"])
    play.report("the same report", lease, outcomes, token=lease["token"])
    play.monitor("ended: monitor", job)
    play.post("retry it", f"/jobs/{job}/retry", None)
    play.start("retry it", job, 2)
    play.report("a report of an epoch that was never granted", {**lease, "epoch": 2}, [])


def large(play: Recorder) -> None:
    """Outcomes too large for a row, stored by the API or uploaded by the worker."""
    play.register()
    job = play.submit("two tasks", count=2, chunk_size=1)
    play.start("two tasks", job)
    first, second = play.lease("lease both", job, 0, 1)
    noise = "".join(f"{n * 7919 % 99991:05x}" for n in range(3_500))
    play.report("a result that does not fit a row", first, [ended(0, result=noise)])
    place = {"worker": "w-1", "job_id": job, "chunk": 1, "epoch": 1, "report": 1, "size": 200}
    part = play.worker("a place for a part", "parts", place)
    outcomes = json.dumps([ended(1, result={"uploaded": True})]).encode()
    marks = {"worker": "w-1", "generation": "1"}
    play.upload("results", part["key"], outcomes, **marks)
    bare = {"index": 1, "attempt": 1, "outcome": "completed"}
    bare |= {"started_at": "2027-01-15T08:00:00.250Z", "duration": 0.5}
    play.report("outcomes in a part", second, [bare], part={"key": part["key"]})
    play.get("both results", f"/jobs/{job}/results")
    play.get("the uploaded result", f"/tasks/{job}.1/result")
    play.worker("a place for a part of no lease", "parts", {**place, "epoch": 2}, status=409)


def keeping(play: Recorder) -> None:
    """Effects and artifacts of tasks."""
    play.register()
    job = play.submit("one task", count=1)
    play.start("one task", job)
    play.lease("lease it", job)
    task = {"worker": "w-1", "job_id": job, "chunk": 0, "epoch": 1, "index": 0}
    play.worker("recall nothing", "effects", {**task, "key": "mail"})
    sent = {**task, "key": "mail", "effect": {"value": {"sent": ["a", 1, None]}}}
    play.worker("keep an effect", "effects", sent)
    play.worker("keep another under the key", "effects", {**sent, "effect": {"value": 2}})
    play.worker("recall it", "effects", {**task, "key": "mail"})
    play.worker("keep without the lease", "effects", {**sent, "epoch": 3}, status=409)
    play.worker("find no artifact", "artifacts", {**task, "name": "a.bin"})
    stored = play.worker("place an artifact", "artifacts", {**task, "name": "a.bin", "size": 3})
    key = str(stored["uri"]).removeprefix("s3://results/")
    play.upload("results", key, b"abc")
    play.worker("find the artifact", "artifacts", {**task, "name": "a.bin"})
    lease = {"job_id": job, "chunk": 0, "epoch": 1}
    play.report("the task ends", lease, [ended(0)])
    play.get("its artifacts", f"/tasks/{job}.0/artifacts")


def single(play: Recorder) -> None:
    """One task at a time, for people and for workers in other languages."""
    play.register()
    job = play.submit("three tasks", count=3, chunk_size=1, retry={"max_attempts": 2})
    play.start("three tasks", job)
    play.post("start a task", f"/tasks/{job}.0/running", {"worker": "ada"})
    play.post("start it again", f"/tasks/{job}.0/running", {"worker": "ada"})
    play.post("another worker holds it", f"/tasks/{job}.0/running", {"worker": "bob"}, status=409)
    done = {"worker": "ada", "result": {"by": "hand"}}
    play.post("complete it", f"/tasks/{job}.0/complete", done)
    play.post("complete it again", f"/tasks/{job}.0/complete", done)
    play.post("start another task", f"/tasks/{job}.1/running", {"worker": "ada"})
    play.post("it fails", f"/tasks/{job}.1/failed", {"worker": "ada", "error": BOOM})
    play.post("complete a task that was not started", f"/tasks/{job}.2/complete", done, status=409)
    play.post("start the last task", f"/tasks/{job}.2/running", {"worker": "ada"})
    play.post("it fails permanently", f"/tasks/{job}.2/failed", {"worker": "ada", "error": FATAL})
    play.get("one is retrying", f"/jobs/{job}")
    play.wait(60)
    play.post("start the retry", f"/tasks/{job}.1/running", {"worker": "ada"})
    play.post("it completes", f"/tasks/{job}.1/complete", done)
    play.get("the job ended", f"/jobs/{job}")


def windows(play: Recorder) -> None:
    """A job with `max_parallelism`, whose cursor releases the next chunk."""
    play.register()
    job = play.submit("five chunks", count=5, chunk_size=1, max_parallelism=2, max_failed=1)
    play.start("five chunks", job)
    play.run("the first", job, 0)
    play.run("the second", job, 1, failed=(1,))
    play.run("the third", job, 2)
    play.monitor("three of five: monitor", job)
    play.get("three of five", f"/jobs/{job}")
    play.run("the fourth", job, 3)
    play.run("the fifth", job, 4)
    play.get("all of five", f"/jobs/{job}")


def crashes(play: Recorder) -> None:
    """Worker crashes, dead letters, the sweep, and workflows that fail."""
    play.register()
    job = play.submit("two tasks", count=2, chunk_size=2)
    play.start("two tasks", job)
    for number in (1, 2, 3):
        (lease,) = play.lease(f"lease {number}", job, 0, request=f"request-{number}")
        play.acknowledge(f"lease {number}: acknowledge", lease, 0)
        play.get(f"lease {number}: the task", f"/tasks/{job}.0")
        play.wait(61)
        if number == 2:
            seen = play.monitor("the chunk was lost: monitor", job)["seen"]
            play.monitor("nothing moved: monitor", job, seen=seen, passes=1)
    (last,) = play.lease("lease 4", job, 0, request="request-4")
    play.get("task failed by crashes", f"/tasks/{job}.0")
    play.get("task failed by crashes: why", f"/tasks/{job}.0/why")
    play.get("task failed by crashes: attempts", f"/tasks/{job}.0/attempts")
    play.get("task failed by crashes: failures", f"/jobs/{job}/failures")
    letter = {
        "messageId": "m-1",
        "body": json.dumps({"job": job, "chunk": 0}),
        "attributes": {"ApproximateReceiveCount": "13"},
    }
    foreign = {"messageId": "m-2", "body": "no JSON"}
    play.play("dead letters", "dead_letters", {"Records": [letter, foreign]})
    play.wait(5)
    play.play("another dead letter", "dead_letters", {"Records": [letter]})
    play.get("dead letters of the job", f"/jobs/{job}/dead-letters")
    play.get("dead letters of the tenant", "/dead-letters")
    play.facts(faults={"dynamodb.GetItem": "ProvisionedThroughputExceededException"})
    play.play("a dead letter that is redelivered", "dead_letters", {"Records": [letter]})
    play.play("sweep: execution is running", "sweep", {})
    play.facts(executions={f"{job}-1-1": {"status": "TIMED_OUT", "stopDate": 1_800_000_180.0}})
    play.play("sweep: execution has died", "sweep", {})
    play.report("the other task ends", last, [ended(1)])
    given = {"job": job, "generation": 1, "cause": "States.Timeout: the state timed out"}
    play.play("fail a job that has ended", "fail_job", given)
    play.get("dead and ended: the job", f"/jobs/{job}")
    play.facts(executions={f"{job}-1-2": {"status": "FAILED", "stopDate": 1_800_000_190.0}})
    play.play("sweep: job and execution agree", "sweep", {})
    other = play.submit("one that the workflow fails", count=1)
    play.play("fail the job", "fail_job", {**given, "job": other})
    play.get("failed: the job", f"/jobs/{other}")
    late = play.submit("one with a deadline", count=1, deadline="2027-01-15T08:30:00Z")
    play.start("one with a deadline", late)
    play.wait(3_600)
    play.monitor("its deadline passed: monitor", late)
    play.get("its deadline passed", f"/jobs/{late}")
    early = play.submit("one that stops early", count=3, chunk_size=1, max_failed=0)
    play.start("one that stops early", early)
    play.run("stops early", early, 0, failed=(0,))
    play.monitor("too many failed: monitor", early)
    play.get("too many failed", f"/jobs/{early}")
    endless = play.submit("one whose history is full", count=1)
    play.start("one whose history is full", endless)
    play.monitor("hand over", endless, passes=5_000)


def letters(play: Recorder) -> None:
    """A dead letter of each cause."""
    play.register()
    job = play.submit("four chunks", count=4, chunk_size=1)
    play.start("four chunks", job)
    play.play("unfinished", "dead_letters", dead(job, 0))
    play.run("the first", job, 0)
    play.play("chunk ended", "dead_letters", dead(job, 0))
    (lease,) = play.lease("lease the second", job, 1)
    play.acknowledge("acknowledge the second", lease, 1)
    play.play("held", "dead_letters", dead(job, 1))
    play.wait(61)
    play.lease("lease the second again", job, 1, request="request-2")
    play.wait(61)
    play.play("worker died", "dead_letters", dead(job, 1))
    play.post("pause", f"/jobs/{job}/pause")
    play.play("paused", "dead_letters", dead(job, 2))
    play.post("cancel", f"/jobs/{job}/cancel")
    play.play("job stops", "dead_letters", dead(job, 2))
    play.monitor("cancelled: monitor", job)
    play.play("job ended", "dead_letters", dead(job, 3))
    play.play("unknown job", "dead_letters", dead("job_00000000000000000000000000", 0))
    play.get("list those of the job", f"/jobs/{job}/dead-letters")
    page = play.get("list those of the tenant", "/dead-letters", query="limit=2")
    play.get("next page", "/dead-letters", query=f"limit=2&next_token={page['next_token']}")


def dead(job: str, chunk: int) -> dict[str, list[dict[str, object]]]:
    """Returns a message that was received too often."""
    record: dict[str, object] = {
        "messageId": "m-1",
        "body": json.dumps({"job": job, "chunk": chunk}),
        "attributes": {"ApproximateReceiveCount": "11"},
    }
    return {"Records": [record]}
