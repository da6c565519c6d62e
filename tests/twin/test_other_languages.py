"""A worker in another language: the example in Node, as a process that has only a key of a worker.

It drains the queue `low`, which the Python workers of these tests leave to it.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Final

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.application import ROOT
from local.job import recounted
from local.parent_death_signal import die_with_parent
from local.twin import Twin
from tests.twin.polling import Json, ended, eventually, results

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

SCRIPT: Final = ROOT / "examples" / "node-worker" / "worker.mjs"


@cache
def node() -> str:
    """The Node that checks run too, else the machine's: itself, not a script that starts it."""
    found = shutil.which("node", path=ROOT / ".tools" / "node" / "bin") or shutil.which("node")
    assert found, "there is no Node: `make test` installs one into .tools"
    asked = [found, "-p", "process.execPath"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - Node


def started(log: Path, told: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The example, with only this environment."""
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - our own script
            [node(), str(SCRIPT), "low"],
            env=told,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one call into libc, no lock taken
        )


class NodeWorker:
    """A process whose output goes to a file."""

    def __init__(self, twin: Twin, log: Path, **other: str) -> None:
        self._log = log
        told = {**twin.environment_of_worker(), "SHOAL_SLOTS": "2", **other}
        self.process = started(log, told)

    @property
    def said(self) -> str:
        return self._log.read_text()

    def chunks(self, job: Json) -> list[str]:
        """Return the logged chunks of the job: number, epoch and end."""
        lines = self.said.splitlines()
        return sorted(line.partition(" ")[2] for line in lines if line.startswith(job["id"]))


@contextmanager
def running(twin: Twin, log: Path) -> Iterator[NodeWorker]:
    """A worker that must exit after SIGTERM."""
    worker = NodeWorker(twin, log)
    try:
        yield worker
        worker.process.terminate()
        assert worker.process.wait(30) == 0, worker.said
    finally:
        worker.process.kill()
        worker.process.wait()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "node.log"


def submitted(users: httpx.Client, **spec: object) -> Json:
    """A job for such a worker, once its type is known."""
    spec = {"task_type": "upper", "priority": "low", **spec}
    eventually(
        lambda: spec["task_type"] in {t["name"] for t in users.get("task-types").json()["items"]}
    )
    answer = users.post("jobs", json=spec)
    assert answer.status_code == 201, answer.text
    job: Json = answer.json()
    return job


def sound(twin: Twin, job: Json) -> bool:
    """Whether each task of the job completed once, by its rows and outcomes."""
    recount = recounted(twin, job["id"])
    assert recount.findings == []
    counted = (recount.completed, recount.lost, recount.duplicated)
    return counted == (job["task_count"], 0, 0)


def test_a_job_of_a_foreign_type_completes(twin: Twin, users: httpx.Client, log: Path) -> None:
    words = [{"text": f"grüße {n}"} for n in range(25)]

    with running(twin, log) as worker:
        job = ended(users, submitted(users, inputs=words, chunk_size=4)["id"])

    assert job["status"] == "COMPLETED", worker.said
    assert results(users, job) == {n: f"GRÜSSE {n}" for n in range(25)}
    assert sound(twin, job)
    assert worker.chunks(job) == [f"chunk {n} epoch 1: accepted" for n in range(7)]


def test_heartbeats_keep_a_task_that_outlasts_its_lease(
    twin: Twin, users: httpx.Client, log: Path
) -> None:
    inputs = [{"text": "long", "pause": 1.6 * twin.plan.lease_seconds}, {"text": "short"}]

    with running(twin, log) as worker:
        job = ended(users, submitted(users, inputs=inputs, chunk_size=2)["id"])

    assert results(users, job) == {0: "LONG", 1: "SHORT"}
    assert worker.chunks(job) == ["chunk 0 epoch 1: accepted"]


def test_a_killed_worker_loses_and_doubles_nothing(
    twin: Twin, users: httpx.Client, log: Path
) -> None:
    inputs = [{"text": f"w{n}", "pause": 0.4} for n in range(16)]
    killed = NodeWorker(twin, log)
    job = submitted(users, inputs=inputs, chunk_size=4)
    eventually(lambda: users.get(f"jobs/{job['id']}").json()["counts"]["running"])
    killed.process.kill()
    killed.process.wait()
    with running(twin, log) as worker:
        job = ended(users, job["id"])

    assert job["status"] == "COMPLETED", worker.said
    assert results(users, job) == {n: f"W{n}" for n in range(16)}
    assert sound(twin, job)
    # Its tasks are reported one by one, so the job can be closed before the final report.
    assert any(
        line.endswith(("epoch 2: accepted", "epoch 2: cancelled")) for line in worker.chunks(job)
    )


def test_inputs_and_outcomes_too_large_to_travel_go_by_links(
    twin: Twin, users: httpx.Client, log: Path
) -> None:
    inputs = [{"text": letter * 100_000} for letter in "abc"]

    with running(twin, log) as worker:
        job = ended(users, submitted(users, inputs=inputs, chunk_size=3)["id"])

    assert job["status"] == "COMPLETED", worker.said
    assert results(users, job) == {n: letter * 100_000 for n, letter in enumerate("ABC")}
    assert sound(twin, job)


def test_a_task_past_its_timeout_fails_and_the_others_continue(
    twin: Twin, users: httpx.Client, log: Path
) -> None:
    inputs = [{"text": "slow", "pause": 60}, {"text": "quick"}]

    with running(twin, log):
        job = ended(users, submitted(users, inputs=inputs, chunk_size=2, timeout=1)["id"])

    assert (job["status"], results(users, job)) == ("FAILED", {1: "QUICK"})
    assert users.get(f"tasks/{job['id']}.0").json()["error"]["type"] == "Timeout"


def test_a_cancel_reaches_it(twin: Twin, users: httpx.Client, log: Path) -> None:
    with running(twin, log) as worker:
        job = submitted(users, inputs=[{"text": "long", "pause": 250}])
        eventually(lambda: users.get(f"jobs/{job['id']}").json()["counts"]["running"])
        users.post(f"jobs/{job['id']}/cancel")
        eventually(lambda: worker.chunks(job), seconds=3 * twin.plan.lease_seconds)

    assert worker.chunks(job) == ["chunk 0 epoch 1: cancelled"]


def test_a_stopped_worker_returns_unfinished_tasks(
    twin: Twin, users: httpx.Client, log: Path
) -> None:
    pause = 1.2 * twin.plan.lease_seconds
    inputs = [{"text": "first", "pause": pause}, {"text": "second"}, {"text": "third"}]

    with running(twin, log):
        job = submitted(users, inputs=inputs, chunk_size=3)
        eventually(lambda: "is running task 0" in users.get(f"tasks/{job['id']}.1/why").text)

    counts = users.get(f"jobs/{job['id']}").json()["counts"]
    assert (counts["completed"], counts["pending"]) == (1, 2)
    assert users.get(f"tasks/{job['id']}.1").json()["attempts"] == 0
    users.post(f"jobs/{job['id']}/cancel")
    assert ended(users, job["id"])["status"] == "CANCELLED"


def test_a_signature_by_another_secret_is_refused(twin: Twin, log: Path) -> None:
    worker = NodeWorker(twin, log, AWS_SECRET_ACCESS_KEY="another")  # noqa: S106 - a wrong one

    assert worker.process.wait(30) == 1
    assert "403" in worker.said


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq: apt-get install jq")
def test_the_shell_worker_renews_leases_and_reports_failures(
    twin: Twin, users: httpx.Client, log: Path
) -> None:
    told = twin.environment_of_worker()
    told["SHOAL_API_URL"] = told["SHOAL_API_URL"].removesuffix("/$default")
    inputs = [{"text": "long", "pause": 1.6 * twin.plan.lease_seconds}, {"text": ""}, {"text": "x"}]
    with log.open("ab") as file:
        worker = subprocess.Popen(  # noqa: S603 - our own script
            ["/bin/bash", str(ROOT / "examples" / "shell-worker" / "worker.sh")],
            env={**told, "PATH": os.defpath},
            stdout=file,
            stderr=file,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one call into libc, no lock taken
        )
    try:
        eventually(lambda: "offers" in log.read_text())
        job = ended(users, submitted(users, task_type="shout", inputs=inputs, chunk_size=2)["id"])
        worker.terminate()
        assert worker.wait(30) == 0, log.read_text()
    finally:
        worker.kill()
        worker.wait()

    assert results(users, job) == {0: "LONG", 2: "X"}, log.read_text()
    assert "no text" in users.get(f"tasks/{job['id']}.1").json()["error"]["message"]
    mine = f"{job['id']} chunk "
    said = [line.removeprefix(mine) for line in log.read_text().splitlines() if mine in line]
    assert sorted(said) == ["0 epoch 1: accepted", "1 epoch 1: accepted"]


class Recorder(BaseHTTPRequestHandler):
    """Answers every call with nothing, and keeps the first two."""

    calls: ClassVar[list[AWSRequest]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        url = f"http://{self.headers['host']}{self.path}"
        self.calls.append(AWSRequest("POST", url, dict(self.headers.items()), body))
        self.send_response(200 if len(self.calls) == 1 else 403)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def test_it_signs_as_the_library_of_aws_does_with_a_role_s_session_too(log: Path) -> None:
    keys = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret/+",
        "AWS_SESSION_TOKEN": "token/+==",
        "AWS_REGION": "eu-west-1",
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        places = {"SHOAL_API_URL": f"{url}/a b/$x", "SHOAL_QUEUE_LOW_URL": f"{url}/1/low"}
        started(log, {**keys, **places}).wait(30)
        server.shutdown()

    assert len(Recorder.calls) >= 2
    for call, service in zip(Recorder.calls, ("execute-api", "sqs"), strict=False):
        assert resigned(call, keys, service) == call.headers["authorization"]


def resigned(call: AWSRequest, keys: Mapping[str, str], service: str) -> str:
    """The signature that botocore gives the same request at the same time."""
    *credentials, region = keys.values()
    signer = SigV4Auth(Credentials(*credentials), service, region)
    signed = ("host", "content-type", "x-amz-date", "x-amz-security-token", "x-amz-target")
    headers = {name: value for name, value in call.headers.items() if name.lower() in signed}
    again = AWSRequest(call.method, call.url, headers, call.data)
    again.context["timestamp"] = call.headers["x-amz-date"]
    canonical = signer.canonical_request(again)
    signature = signer.signature(signer.string_to_sign(again, canonical), again)
    names = signer.signed_headers(signer.headers_to_sign(again))
    return (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(again)}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
