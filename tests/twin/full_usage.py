"""Every use-case of the platform once, so that every role uses all its permissions.

The first half runs with workers. In the second half no worker runs: users report single tasks,
messages are lost, and executions die while their job is open.
"""

from __future__ import annotations

import gzip
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

from local.application import ROOT
from local.emulator import base_environment
from local.twin import Twin
from tests.twin.polling import Json, ended, eventually
from tests.unit.webhooks.webhook_receiver import receiving

PRIORITIES = ("high", "normal", "low")
WIDE = 300_000
"""Bytes of inputs of one chunk that a worker has to read for itself."""
LARGE = 10_000
"""Bytes of a result that does not fit into a row, whatever it is packed by."""
COUNTED = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
NOBODY = "job_00000000000000000000000000"


@dataclass(slots=True)
class FullUsage:
    """The platform and its users. `folder` is for files that tasks wait for."""

    twin: Twin
    users: httpx.Client
    folder: Path
    jobs: list[Json] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    _broken: str = ""

    def with_workers(self) -> None:
        """Run the actions of users on running jobs, and of administrators."""
        self._administer()
        self._broken = self._break_an_execution()
        held = self._submit(
            task_type="exists", count=6, chunk_size=1, max_parallelism=2, params=self._file("gate")
        )
        never = self._submit(task_type="exists", count=2, chunk_size=2, params=self._file("never"))
        failing = self._submit(
            task_type="needs",
            inputs=[{"path": str(self.folder)}, *[self._file("missing")] * 3],
            chunk_size=1,
            priority="high",
        )
        keeping = self._submit(task_type="keep", count=1)
        self._listen(keeping)
        self._hook()
        again: Json = {"params": {"attempts": 2}, "retry": {"max_attempts": 2, "backoff": 0.01}}
        jobs = [
            self._submit(task_type="nothing", grid={"a": [1, 2], "b": [3, 4]}, priority="high"),
            self._submit(task_type="nothing", count=30, chunk_size=3, max_parallelism=2),
            self._submit(task_type="echo", inputs=[{"text": "x"}] * 4, priority="low"),
            self._submit(task_type="echo", inputs=[{"text": "x" * WIDE}] * 2, chunk_size=2),
            self._submit(task_type="echo", count=4, params={"text": "y" * 1_000, "times": 20}),
            self._submit(task_type="echo", inputs_uri=self._uploaded(WIDE), chunk_size=2),
            self._submit(task_type="echo", inputs_uri=self._uploaded(1), chunk_size=2),
            self._submit(task_type="echo", inputs_uri=self._uploaded(0)),
            keeping,
            *(self._submit(task_type="linger", count=1, priority=each) for each in PRIORITIES),
            *(
                self._submit(task_type="fail_below", count=1, priority=each, **again)
                for each in PRIORITIES
            ),
            self._submit(task_type="needs", count=6, params=self._file("no"), max_failed=1),
        ]
        self._eventually(never, lambda job: job["counts"]["running"])
        self._steer(never, "cancel")
        self._eventually(held, lambda job: job["counts"]["running"])
        self._steer(held, "pause")
        (self.folder / "gate").touch()
        self._eventually(held, lambda job: not job["counts"]["running"])
        change = {"max_parallelism": 3, "priority": "low"}
        assert self.users.patch(f"jobs/{held['id']}", json=change).status_code == 200
        self._steer(held, "resume")
        self._in_bulk()
        assert ended(self.users, failing["id"])["status"] == "FAILED"
        self._discard_and_think_again(failing)
        (self.folder / "missing").touch()
        self._retry_a_few_first(failing)
        echoed = next(job for job in jobs if job["task_type"] == "echo")
        answer = self.users.post(f"jobs/{echoed['id']}/clone", json={"priority": "normal"})
        assert answer.status_code == 201, answer.text
        for job in (*jobs, held, never, failing, answer.json()):
            ended(self.users, job["id"])
        assert self.users.delete(f"jobs/{never['id']}").status_code == 204
        self.jobs.remove(never)
        flaky = next(job for job in jobs if job["task_type"] == "fail_below")
        tried = self.users.get(f"tasks/{flaky['id']}.0/attempts").json()["items"]
        assert [each["outcome"] for each in tried] == ["failed", "completed"]
        assert all(each["worker"] for each in tried)
        (kept,) = self.users.get(f"tasks/{keeping['id']}.0/artifacts").json()["items"]
        assert httpx.get(kept["url"]).text == "by 0"

    def without_workers(self) -> None:
        """Run the actions of users, and recovery, while no worker runs."""
        late = self._submit(task_type="nothing", count=1, deadline=_soon())
        jobs = {
            priority: self._submit(
                task_type="nothing",
                count=4,
                chunk_size=1,
                priority=priority,
                retry={"max_attempts": 3, "backoff": 60},
            )
            for priority in PRIORITIES
        }
        for job in jobs.values():
            self._eventually(job, lambda job: job["status"] == "ENQUEUED")
        eventually(lambda: all(each["oldest_age"] is not None for each in self._queues()))
        for job in jobs.values():
            self._report_by_hand(job)
            self._bury(job, 0, 3)  # an ended chunk and an open one
        self._until_empty(self.twin.deployment["DeadLetterQueueUrl"])
        for priority, job in jobs.items():
            self._lose_messages(job, priority)
        self._fail_by_the_workflow(jobs["high"])
        self._kill_executions(jobs["normal"])
        self._kill_unheard(jobs["low"])
        assert ended(self.users, late["id"])["status"] == "FAILED"
        self._export(jobs["high"])
        self._bury(jobs["high"], 3)  # the job has ended
        self._until_empty(self.twin.deployment["DeadLetterQueueUrl"])
        eventually(lambda: "FailJob" in self._states(self._broken))

    def at_last(self) -> None:
        """Read all there is, while a worker finds nothing left to do."""
        with self._leaving_worker() as worker:
            self._read_everything()
            assert worker.wait(60) == 0

    # The steps

    def _administer(self) -> None:
        """Add a machine and out, and set a tenant's limits."""
        for answer in (
            self.users.put("machines/robot", json={"tenant": "elsewhere"}),
            self.users.delete("machines/robot"),
            self.users.put("tenants/elsewhere/limits", json={"open_jobs": 5}),
        ):
            assert answer.is_success, answer.text

    def _listen(self, job: Json) -> None:
        """Subscribe to a job, and leave."""
        ticket = self.users.post("live-tickets").json()
        address = f"{ticket['url']}?ticket={ticket['ticket']}"
        with connect(address, open_timeout=60) as socket:  # a cold start on a busy machine
            for action in ("subscribe", "unsubscribe", "subscribe"):
                socket.send(json.dumps({"action": action, "job": job["id"]}))
            while json.loads(socket.recv(timeout=60))["type"] != "delta":
                pass

    def _in_bulk(self) -> None:
        """One thing to two jobs at once: one that runs, one that fails and is retried."""
        runs = self._submit(
            task_type="exists", count=2, params=self._file("never"), tags={"bulk": "runs"}
        )
        failed = self._submit(
            task_type="needs", count=1, params=self._file("bulk"), tags={"bulk": "fails"}
        )
        self._eventually(runs, lambda job: job["counts"]["running"])
        assert ended(self.users, failed["id"])["status"] == "FAILED"
        (self.folder / "bulk").touch()
        for verb, tag in (
            ("pause", "runs"),
            ("resume", "runs"),
            ("retry", "fails"),
            ("cancel", "runs"),
        ):
            body = {"action": verb, "filter": {"tag": f"bulk={tag}"}}
            answer = self.users.post("bulk-actions", json=body)
            assert answer.status_code == 202, answer.text
            where = f"bulk-actions/{answer.json()['id']}"
            eventually(lambda at=where: self.users.get(at).json()["status"] == "COMPLETED")  # type: ignore[misc]
            assert self.users.get(where).json()["done"] == 1
        assert self.users.post(f"{where}/abort").status_code == 409
        ended(self.users, runs["id"])
        assert ended(self.users, failed["id"])["status"] == "COMPLETED"

    def _export(self, job: Json) -> None:
        """Export the results of a job written to a file, and read it."""
        export = self.users.post(f"jobs/{job['id']}/exports").json()
        place = f"jobs/{job['id']}/exports/{export['id']}"
        eventually(lambda: self.users.get(place).json()["status"] == "DONE")
        file = httpx.get(self.users.get(place).json()["url"]).content
        assert len(gzip.decompress(file).splitlines()) == job["task_count"]

    def _hook(self) -> None:
        """Add a webhook, which at first fails, and remove it."""
        with receiving() as receiver:
            receiver.answer = 500
            hook = self.users.post("webhooks", json={"url": receiver.url}).json()
            place = f"webhooks/{hook['id']}"
            self._submit(task_type="nothing", count=1)
            eventually(receiver.heard.is_set)
            receiver.answer = 204
            for verb in ("rotate", "test"):
                assert self.users.post(f"{place}/{verb}").is_success
            eventually(lambda: 204 in self._answered(place))
        assert self.users.get(place).json()["url"] == receiver.url
        assert self.users.delete(place).is_success

    def _answered(self, place: str) -> set[int]:
        tried = self.users.get(f"{place}/deliveries").json()["items"]
        return {each["status_code"] for each in tried}

    def _read_everything(self) -> None:
        """Every GET of the API's document, of every job and its first task."""
        document = json.loads((ROOT / "docs" / "openapi.json").read_text())
        for path, methods in document["paths"].items():
            for job in self.jobs if "get" in methods else ():
                place = path.format_map(_Known({"job_id": job["id"], "task_id": f"{job['id']}.0"}))
                if "{" not in place:
                    answer = self.users.get(f"{self.twin.url}{place}")
                    self.answers[f"GET {place}"] = answer.status_code

    def _submit(self, **spec: Any) -> Json:
        answer = self.users.post("jobs", json=spec)
        assert answer.status_code == 201, answer.text
        job: Json = answer.json()
        self.jobs.append(job)
        return job

    def _steer(self, job: Json, verb: str) -> None:
        answer = self.users.post(f"jobs/{job['id']}/{verb}")
        assert answer.status_code == 202, answer.text

    def _discard_and_think_again(self, job: Json) -> None:
        body = {"all": True, "reason": "it will not be fixed"}
        answer = self.users.post(f"jobs/{job['id']}/discard", json=body)
        assert answer.status_code == 200, answer.text
        assert self.users.post(f"jobs/{job['id']}/retry").status_code == 409

    def _retry_a_few_first(self, job: Json) -> None:
        """One task of the cause, and when it has succeeded the two others."""
        (found,) = self.users.get(f"jobs/{job['id']}/failures").json()["items"]
        body = {"cause": found["cause"], "canary": {"share": 0.01, "bar": 1}}
        answer = self.users.post(f"jobs/{job['id']}/retry", json=body)
        assert answer.status_code == 202, answer.text
        after = ended(self.users, job["id"])
        assert (after["status"], after["generation"]) == ("COMPLETED", 3)
        assert (after["canary"]["tried"], after["canary"]["verdict"]) == (1, "passed")

    def _eventually(self, job: Json, seen: Callable[[Json], Any]) -> None:
        eventually(lambda: seen(self.users.get(f"jobs/{job['id']}").json()))

    def _file(self, name: str) -> dict[str, str]:
        return {"path": str(self.folder / name)}

    def _uploaded(self, length: int) -> str:
        upload = self.users.post("inputs").json()
        lines = [{"text": "z" * length} if length else {"text": 7}] * 4
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        put = httpx.put(upload["upload_url"], content=body, headers=upload["upload_headers"])
        assert put.is_success, put.text
        uri: str = upload["inputs_uri"]
        return uri

    def _report_by_hand(self, job: Json) -> None:
        """One task completes, one fails and is retried, and one keeps running."""
        person: Json = {"worker": "a-person"}
        error = {"type": "ValueError", "message": "no", "retryable": True}
        reports: tuple[tuple[str | None, Json], ...] = (
            ("complete", {"result": secrets.token_hex(LARGE)}),
            ("failed", {"error": error}),
            (None, {}),
        )
        for index, (verb, said) in enumerate(reports):
            task = f"tasks/{job['id']}.{index}"
            answer = self.users.post(f"{task}/running", json=person)
            assert answer.status_code == 200, answer.text
            if verb:
                answer = self.users.post(f"{task}/{verb}", json=person | said)
                assert answer.status_code == 200, answer.text

    def _bury(self, job: Json, *chunks: int) -> None:
        """Messages of these chunks were received too often."""
        sqs = self.twin.emulator.client("sqs")
        for chunk in chunks:
            sqs.send_message(
                QueueUrl=self.twin.deployment["DeadLetterQueueUrl"],
                MessageBody=json.dumps({"job": job["id"], "chunk": chunk}),
            )

    def _lose_messages(self, job: Json, priority: str) -> None:
        """They are sent again when the job is resumed."""
        queue = self._queue(priority)
        self._steer(job, "pause")
        self.twin.emulator.client("sqs").purge_queue(QueueUrl=queue)
        self._steer(job, "resume")
        eventually(lambda: self._messages(queue))

    def _leaving_worker(self) -> subprocess.Popen[bytes]:
        """It asks how many messages there are, to leave once there is none."""
        for priority in PRIORITIES:
            self.twin.emulator.client("sqs").purge_queue(QueueUrl=self._queue(priority))
        environment = {
            **base_environment(),
            **self.twin.environment_of_worker(),
            "PYTHONPATH": str(Path(__file__).parent),
            "SHOAL_TASKS": "privileged_tasks",
        }
        command = [sys.executable, "-m", "shoal", "worker", "run", "--until-empty"]
        return subprocess.Popen(command, env=environment)  # noqa: S603 - our own module

    def _queues(self) -> list[Json]:
        queues: list[Json] = self.users.get("queues").json()["items"]
        return queues

    def _queue(self, priority: str) -> str:
        return self.twin.deployment[f"Queue{priority.title()}Url"]

    def _until_empty(self, queue: str) -> None:
        eventually(lambda: not self._messages(queue))

    def _messages(self, queue: str) -> int:
        told = self.twin.emulator.client("sqs").get_queue_attributes(
            QueueUrl=queue, AttributeNames=[*COUNTED]
        )
        return sum(int(told["Attributes"][name]) for name in COUNTED)

    def _break_an_execution(self) -> str:
        """Start an execution whose plan fails permanently, so that it takes the error path."""
        answer = self.twin.emulator.client("stepfunctions").start_execution(
            stateMachineArn=self.twin.deployment["StateMachineArn"],
            name=f"{NOBODY}-1-1",
            input=json.dumps({"job": NOBODY, "generation": 1, "n": "none"}),
        )
        arn: str = answer["executionArn"]
        return arn

    def _states(self, execution: str) -> set[str]:
        history = self.twin.emulator.client("stepfunctions").get_execution_history(
            executionArn=execution
        )
        details = [event.get("stateEnteredEventDetails") for event in history["events"]]
        return {each["name"] for each in details if each}

    def _fail_by_the_workflow(self, job: Json) -> None:
        """Check that the error path ends a job with a running task."""
        self._invoke("FailJobFunction", {"job": job["id"], "generation": 1, "cause": "the tour"})
        assert ended(self.users, job["id"])["status"] == "FAILED"

    def _kill_executions(self, job: Json) -> None:
        """The third death in an hour ends the job, of which a task runs."""
        for number in range(1, 4):
            eventually(partial(self._waits, job, number))
            self._stop(job, number)
        assert "3 times" in ended(self.users, job["id"])["reason"]

    def _kill_unheard(self, job: Json) -> None:
        """An execution dies and a job ends, both events are lost, and the sweep handles them."""
        events = self.twin.emulator.client("events")
        rules = [each["Name"] for each in events.list_rules()["Rules"]]
        (rule,) = (each for each in rules if "ExecutionEnded" in each)
        events.disable_rule(Name=rule)
        self._stop(job, 1)
        self._forget_wait(job)
        self.twin.sweep()
        self._steer(job, "cancel")
        ended(self.users, job["id"])
        eventually(lambda: (self._execution(job, 2) or {}).get("status") == "SUCCEEDED")
        self.twin.sweep()
        events.enable_rule(Name=rule)

    def _forget_wait(self, job: Json) -> None:
        """Set the time at which the job's execution last waited far back, so that it is stale."""
        self.twin.emulator.client("dynamodb").update_item(
            TableName=self.twin.deployment["JobsTableName"],
            Key={"id": {"S": job["id"]}},
            UpdateExpression="SET waited_at = :long_ago",
            ExpressionAttributeValues={":long_ago": {"N": "0"}},
        )

    def _waits(self, job: Json, number: int) -> bool:
        there = self._execution(job, number) is not None
        return there and "WaitAndRetry" in self._states(self._arn(job, number))

    def _stop(self, job: Json, number: int) -> None:
        self.twin.emulator.client("stepfunctions").stop_execution(
            executionArn=self._arn(job, number), error="Tour", cause="the tour"
        )

    def _execution(self, job: Json, number: int) -> Mapping[str, Any] | None:
        workflows = self.twin.emulator.client("stepfunctions")
        try:
            found: Mapping[str, Any] = workflows.describe_execution(
                executionArn=self._arn(job, number)
            )
        except workflows.exceptions.ExecutionDoesNotExist:
            return None
        return found

    def _arn(self, job: Json, number: int) -> str:
        machine = self.twin.deployment["StateMachineArn"]
        return f"{machine.replace(':stateMachine:', ':execution:')}:{job['id']}-1-{number}"

    def _invoke(self, function: str, event: Json) -> None:
        cloudformation = self.twin.emulator.client("cloudformation")
        name = cloudformation.describe_stack_resource(
            StackName="shoal", LogicalResourceId=function
        )["StackResourceDetail"]["PhysicalResourceId"]
        answer = self.twin.emulator.client("lambda").invoke(
            FunctionName=name, Payload=json.dumps(event).encode()
        )
        assert "FunctionError" not in answer, answer["Payload"].read()


class _Known(dict[str, str]):
    """Leaves what it does not know in its braces."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
