"""Webhooks, events, live connections, exports and tenants."""

import json

from tests.compat.recorder import FATAL, Recorder, ended, machine, user

TENANT = "default"


def webhooks(play: Recorder) -> None:
    """Webhooks: creation, deliveries, retries, disabling and rotation."""
    play.register()
    setting = {
        "url": "https://hooks.example.com/shoal?x=1",
        "events": ["job.completed", "job.submitted"],
        "description": "the pictures team",
    }
    key = {"idempotency-key": "hook-1"}
    hook = play.post("add a webhook", "/webhooks", setting, headers=key)["id"]
    play.post("repeat the request", "/webhooks", setting, headers=key)
    play.post(
        "reuse the key for another webhook",
        "/webhooks",
        {**setting, "events": []},
        headers=key,
        status=409,
    )
    other = play.post(
        "add a webhook for all events", "/webhooks", {"url": "https://down.example.com/"}
    )["id"]
    play.post("add a private address", "/webhooks", {"url": "https://10.0.0.1/"}, status=422)
    play.get("list webhooks", "/webhooks")
    play.get("get a webhook", f"/webhooks/{hook}")
    play.submit("a job", count=1)
    play.stream("event of the job", "job_events")
    (event,) = [each for each in play.steps[-1].sent if each["to"] == "events"]
    handed_on = {
        "version": "0",
        "id": "e-1",
        "source": event["Source"],
        "detail-type": event["DetailType"],
        "time": "2027-01-15T08:00:00Z",
        "detail": event["Detail"],
    }
    play.play("spread an event", "deliver_webhooks", records(handed_on))
    deliveries = [each["body"] for each in play.steps[-1].sent]
    play.facts(posts={"down.example.com": 503})
    play.play("deliver the event", "deliver_webhooks", records(deliveries[0]))
    play.facts(posts={"down.example.com": 503})
    play.play("deliver the event to a failing host", "deliver_webhooks", records(deliveries[1]))
    late = next((e["body"] for s in play.steps[-2:] for e in s.sent if e["to"] == "sqs"), None)
    assert late is not None
    play.play("delivery before it is due", "deliver_webhooks", records(late))
    play.wait(10)
    play.facts(posts={"down.example.com": "refused"})
    play.play("delivery that fails again", "deliver_webhooks", records(late))
    play.get("list deliveries", f"/webhooks/{other}/deliveries")
    play.get("get a failing webhook", f"/webhooks/{other}")
    play.wait(6 * 24 * 3_600)
    again = next(each["body"] for each in play.steps[-3].sent if each["to"] == "sqs")
    play.facts(posts={"down.example.com": 410})
    play.play("delivery that disables the webhook", "deliver_webhooks", records(again))
    play.get("get a disabled webhook", f"/webhooks/{other}")
    play.post("rotate the secret", f"/webhooks/{hook}/rotate")
    play.post("send a test event", f"/webhooks/{other}/test")
    test = play.steps[-1].sent[0]["body"]
    play.play("deliver the test event", "deliver_webhooks", records(test))
    play.get("get the enabled webhook", f"/webhooks/{other}")
    play.play("deliver with two signatures", "deliver_webhooks", records(deliveries[0]))
    play.play(
        "malformed message", "deliver_webhooks", {"Records": [{"messageId": "m", "body": "x"}]}
    )
    play.http("remove the webhook", "DELETE", f"/webhooks/{hook}")
    play.get("audit log of webhooks", "/events")


def records(*bodies: object) -> dict[str, list[dict[str, str]]]:
    """Returns messages of the delivery queue."""
    return {
        "Records": [
            {"messageId": f"m-{n}", "body": json.dumps(body)} for n, body in enumerate(bodies)
        ]
    }


def events(play: Recorder) -> None:
    """Each event of a job, from the change of its row."""
    play.register()
    job = play.submit("two tasks", count=2, chunk_size=1, name="nightly", tags={"team": "ml"})
    play.stream("submitted")
    play.start("two tasks", job)
    play.stream("enqueued")
    play.lease("the first starts", job, 0)
    play.stream("started")
    play.post("pause", f"/jobs/{job}/pause")
    play.stream("paused")
    play.post("resume", f"/jobs/{job}/resume")
    play.stream("resumed")
    lease = {"job_id": job, "chunk": 0, "epoch": 1}
    play.report("the first fails", lease, [ended(0, error=FATAL)])
    play.stream("the first failed: no event")
    play.run("the second", job, 1)
    play.stream("failed")
    play.post("retry", f"/jobs/{job}/retry")
    play.stream("retried")
    play.start("again", job, generation=2)
    play.run("again", job, 0)
    play.stream("completed")
    play.http("delete", "DELETE", f"/jobs/{job}")
    play.stream("deleted")
    other = play.submit("another", count=1)
    play.start("another", other)
    play.lease("it starts", other, 0)
    play.post("cancel", f"/jobs/{other}/cancel")
    play.stream("stopping")
    play.monitor("cancelled: monitor", other)
    play.stream("cancelled")
    foreign = {"eventID": "0", "dynamodb": {"Keys": {"id": {"S": other}}, "NewImage": {"x": {}}}}
    play.play("a malformed record", "job_events", {"Records": [foreign]})


def live(play: Recorder) -> None:
    """Tickets, connections, subscriptions, deltas."""
    play.register()
    job = play.submit("a job", count=2, chunk_size=1)
    ticket = play.post("a ticket", "/live-tickets", status=201)["ticket"]
    verified = authorized(play, "a ticket is verified", ticket)
    play.play("connect", "live", socket("$connect", verified=verified))
    play.play("connect with a used ticket", "live", socket("$connect", "c-2", verified))
    authorized(play, "a forged ticket is refused", f"{ticket[:-1]}!")
    play.play("connect without a ticket", "live", socket("$connect", "c-2"))
    say(play, "subscribe to a job", {"action": "subscribe", "job": job})
    say(play, "subscribe to all", {"action": "subscribe"})
    say(play, "subscribe to no job", {"action": "subscribe", "job": "job_0"})
    say(play, "ping", {"action": "ping"})
    play.play("send an unknown message", "live", socket("$default") | {"body": "{}"})
    play.play("job: plan", "plan_tasks", {"job": job, "generation": 1, "n": 1})
    play.stream("planned: deltas", "live_deltas")
    play.play("job: create", "create_tasks", {"job": job, "generation": 1, "first": 0, "count": 2})
    play.wait(2)
    play.run("a chunk", job, 0)
    play.stream("a chunk ended: deltas", "live_deltas")
    say(play, "unsubscribe from a job", {"action": "unsubscribe", "job": job})
    play.wait(2)
    play.run("another chunk", job, 1)
    play.facts(gone=["c-1"])
    play.stream("the connection is closed: deltas", "live_deltas")
    other = play.post("another ticket", "/live-tickets", status=201)["ticket"]
    play.play(
        "connect again",
        "live",
        socket("$connect", "c-3", authorized(play, "another is verified", other)),
    )
    play.play("disconnect", "live", socket("$disconnect", "c-3"))


def authorized(play: Recorder, name: str, ticket: str) -> object:
    """Calls the authorizer of connections. Returns the context that it adds to their events."""
    event = {"methodArn": "arn:connect", "queryStringParameters": {"ticket": ticket}}
    return play.play(name, "live_authorizer", event)["context"]


def socket(route: str, connection: str = "c-1", verified: object = None) -> dict[str, object]:
    """Returns an event of the WebSocket API."""
    about = {"routeKey": route, "connectionId": connection}
    return {"requestContext": about if verified is None else about | {"authorizer": verified}}


def say(play: Recorder, name: str, words: object) -> None:
    """Sends a message of a client."""
    play.play(name, "live", socket("$default") | {"body": json.dumps(words)})


def exports(play: Recorder) -> None:
    """All results as one file."""
    play.register()
    job = play.submit("two tasks", count=2, chunk_size=1)
    play.start("two tasks", job)
    play.run("first", job, 0)
    play.run("second", job, 1, failed=(1,))
    key = {"idempotency-key": "export-1"}
    export = play.post("export", f"/jobs/{job}/exports", headers=key)["id"]
    play.post("export again", f"/jobs/{job}/exports", headers=key)
    play.get("export is running", f"/jobs/{job}/exports/{export}")
    given = {"tenant": TENANT, "job": job, "export": export}
    cursor = play.play("append a part", "export_results", {**given, "cursor": {}})
    finished = play.play("finish the file", "export_results", {**given, "cursor": cursor})
    assert (cursor["more"], finished["more"]) == (True, False)
    name = f"{job}-{export}"
    done = {"status": "SUCCEEDED", "stopDate": 1_800_000_005.0, "output": finished}
    play.facts(executions={name: done})
    play.get("export is done", f"/jobs/{job}/exports/{export}")
    play.wait(8 * 24 * 3_600)
    play.get("export has expired", f"/jobs/{job}/exports/{export}")
    lost = play.post("another export", f"/jobs/{job}/exports")["id"]
    play.facts(
        executions={
            f"{job}-{lost}": {"status": "FAILED", "stopDate": 1_800_700_000.0, "error": "Boom"}
        }
    )
    play.get("export has failed", f"/jobs/{job}/exports/{lost}")
    play.get("audit log of the job", f"/jobs/{job}/events")


def tenants(play: Recorder) -> None:
    """Tenants, their limits and machines."""
    play.register()
    play.submit("a job", count=3)
    play.http("a machine of a tenant", "PUT", "/machines/c-1", {"tenant": "acme"})
    play.http("another machine", "PUT", "/machines/c-2", {"tenant": "default"})
    page = play.get("machines", "/machines", query="limit=1")
    play.get("more machines", "/machines", query=f"limit=1&next_token={page['next_token']}")
    job = {"task_type": "noop", "count": 1}
    play.post("a machine submits", "/jobs", job, claims=machine("c-1"))
    play.http("remove a machine", "DELETE", "/machines/c-2")
    limits = {
        "open_jobs": 2,
        "queued_tasks": 100,
        "submit_rate": 0.5,
        "submit_burst": 1,
        "retention_days": 30,
    }
    play.http("limits of a tenant", "PUT", "/tenants/acme/limits", limits)
    play.wait(10)
    play.post("within the limits", "/jobs", job, claims=user("acme"))
    play.post("too fast", "/jobs", job, claims=user("acme"), status=429)
    play.wait(10)
    play.post("too many open", "/jobs", job, claims=user("acme"), status=429)
    play.get("limits", "/tenants/acme/limits")
    play.get("limits of a new tenant", "/tenants/nobody/limits")
    page = play.get("tenants", "/tenants", query="limit=1")
    play.get("more tenants", "/tenants", query=f"limit=1&next_token={page['next_token']}")
