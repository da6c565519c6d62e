"""SIGKILLs, freezes and late reports under load, then the consistency check by a recount from rows.

`python -m bench.kills --without-fence` does the same to a copy of this repository whose reports
check no epoch, and succeeds only if the consistency check fails there.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from bench.calls import Calls, completed
from bench.stand import Stand, crew, stand
from bench.tables import note, show
from local.emulator import base_environment
from local.workers import Workers

ROOT: Final = Path(__file__).parents[1]
LEASE: Final = 2.0
WORKERS: Final = 3
UNSOUND: Final = 3
"""The exit code when the consistency check found something; other failures have others."""
FENCE: Final = "if epoch != self.epoch:\n            return Stale()\n        if number"


@dataclass(frozen=True, slots=True)
class Havoc:
    """What is done to a job, and to its workers meanwhile."""

    tasks: int
    chunk: int
    kills: int
    freezes: int
    zombies: int = 6
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Aftermath:
    """How the job ended, and what the consistency check found.

    A task under which three workers in a row died is given up: it FAILED, and says so.
    """

    status: str
    completed: int
    given_up: int
    seconds: float
    epochs: int
    refused: int
    findings: list[str]


def main(havocs: tuple[Havoc, ...] = ()) -> None:
    """Print the table; exit 3 if the consistency check found anything."""
    havocs = havocs or tuple(Havoc(2_000, chunk, kills=20, freezes=4) for chunk in (1, 25))
    with stand(lease_seconds=LEASE, wait_seconds=5) as at, crew(at, WORKERS, slots=4) as workers:
        ends = [wreak(at, workers, havoc) for havoc in havocs]
    rows = [
        (
            f"{h.tasks:,}, {h.chunk}",
            h.kills,
            h.freezes,
            f"{end.completed:,}",
            end.given_up,
            f"{end.seconds:.0f}",
            end.epochs,
            end.refused,
            len(end.findings),
        )
        for h, end in zip(havocs, ends, strict=True)
    ]
    columns = (
        "tasks, chunk",
        "kills",
        "freezes",
        "completed",
        "given up",
        "seconds",
        "re-leases",
        "refused",
        "findings",
    )
    show("Workers killed, frozen and late; tasks of 50 to 200 ms", columns, rows)
    findings = [finding for end in ends for finding in end.findings]
    for finding in findings[:10]:
        note(finding)
    if findings:
        raise SystemExit(UNSOUND)


def wreak(at: Stand, workers: Workers, havoc: Havoc) -> Aftermath:
    """Run a job while its workers are killed and frozen."""
    draw = random.Random(havoc.seed)  # noqa: S311 - a run can be repeated
    begin = time.perf_counter()
    job_id = at.submit(
        task_type="sleepy", count=havoc.tasks, chunk_size=havoc.chunk, retry={"max_attempts": 1}
    )
    zombie = Zombie(at, job_id)
    zombie.lease([-(-havoc.tasks // havoc.chunk) - 1 - n for n in range(havoc.zombies)])
    deeds = [kill] * havoc.kills + [freeze] * havoc.freezes
    draw.shuffle(deeds)
    for deed in deeds:
        time.sleep(draw.uniform(0.3, 1.3))
        deed(workers, draw.choice(sorted(workers.processes)))
        zombie.report()
    job = at.ended(job_id, within=300)
    zombie.report()
    rows = at.checker.chunks.get_many(job_id, range(-(-havoc.tasks // havoc.chunk)))
    return Aftermath(
        status=job["status"],
        completed=job["counts"]["completed"],
        given_up=job["counts"]["failed"],
        seconds=time.perf_counter() - begin,
        epochs=sum(chunk.epoch - 1 for chunk in rows),
        refused=zombie.refused,
        findings=[*zombie.findings, *at.checker.check(job_id)],
    )


class Zombie:
    """A worker that leases chunks, is taken for dead, and reports when others have them."""

    def __init__(self, at: Stand, job_id: str) -> None:
        self._at = at
        self._job = job_id
        self._calls = Calls(at)
        self._held: dict[int, Mapping[str, Any]] = {}
        self.refused = 0
        self.findings: list[str] = []

    def lease(self, chunks: Sequence[int]) -> None:
        """Lease those of the chunks that are to be had, once they are made."""
        refs = [{"job_id": self._job, "chunk": chunk} for chunk in chunks]
        for attempt in range(100):
            body = {"worker": "zombie", "request_id": f"zombie-{attempt:04d}", "chunks": refs}
            leases = self._calls.post("leases", body).json()["leases"]
            self._held = {e["chunk"]: e for e in leases if e["decision"] == "granted"}
            if self._held:
                return
            time.sleep(0.1)

    def report(self) -> None:
        """Report each chunk that was leased to somebody else meanwhile."""
        for chunk, lease in list(self._held.items()):
            row = self._at.checker.chunks.get(self._job, chunk)
            if row is None or row.epoch == lease["epoch"]:
                continue
            del self._held[chunk]
            place = {"job_id": self._job, "chunk": chunk, "epoch": lease["epoch"], "report": 1}
            report = {**place, "final": True, "outcomes": completed(lease["tasks"])}
            body = {"worker": "zombie", "reports": [report]}
            (said,) = self._calls.post("reports", body).json()["reports"]
            if said["decision"] in ("stale", "cancelled"):  # the latter once the job is closed
                self.refused += 1
            else:
                self.findings.append(f"chunk {chunk}: a late report was {said['decision']}")


def kill(workers: Workers, name: str) -> None:
    """End a worker as the kernel does when memory is short, and start it anew."""
    process = workers.processes[name]
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    workers.start(name)


def freeze(workers: Workers, name: str) -> None:
    """Stop a worker for longer than its leases; what it then says, it says too late."""
    process = workers.freeze(name)
    time.sleep(1.5 * LEASE)
    os.kill(process.pid, signal.SIGCONT)


def without_fence() -> NoReturn:
    """Do the same to a copy of this repository without the fence; exit 1 if it passes there."""
    with tempfile.TemporaryDirectory(prefix="shoal-fence-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder)
        for name in ("bench", "functions", "layers", "local", "statemachine", "worker_image"):
            shutil.copytree(ROOT / name, copy / name)
        for name in (".tools", ".venv"):
            (copy / name).symlink_to(ROOT / name)
        for path in ROOT.glob("*"):
            if path.is_file():
                shutil.copy(path, copy)
        chunk = copy / "layers/shoal/src/shoal/domain/chunk.py"
        source = chunk.read_text()
        if source.count(FENCE) != 1:
            raise SystemExit("Chunk.report reads otherwise by now")
        chunk.write_text(source.replace(FENCE, "if number"))
        found_first = f"{copy}:{copy / 'layers/shoal/src'}"
        done = subprocess.run(
            [sys.executable, "-m", "bench.kills", "25"],
            cwd=copy,
            env={**base_environment(), "PYTHONPATH": found_first},
            check=False,
        )
    found = done.returncode == UNSOUND
    note(
        "without the fence the consistency check "
        + ("fails, as it must" if found else "did not fail")
    )
    raise SystemExit(0 if found else 1)


if __name__ == "__main__":
    if "--without-fence" in sys.argv:
        without_fence()
    main(tuple(Havoc(2_000, int(chunk), kills=20, freezes=4) for chunk in sys.argv[1:]))
