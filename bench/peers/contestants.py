"""The contestants, and how each is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PEERS: Final = ROOT / ".tools/peers/bin"
_ARQ: Final = ROOT / ".tools/peers-arq/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """`worker` is the command of its worker, `settled` the query for the progress of its broker.

    With SQS that is the name of a queue, whose deletes are counted; with Redis a command that
    counts what is left.
    """

    name: str
    broker: str
    worker: tuple[str, ...]
    settled: str
    tasks: int
    chunk: int = 1
    fill: tuple[str, ...] = ()
    note: str = ""


def _shoal(chunk: int, tasks: int, slots: int) -> Contestant:
    return Contestant(
        name=f"Shoal, chunk {chunk}",
        broker="SQS",
        worker=(*(sys.executable, "-m", "shoal", "worker", "run"), *("--slots", str(slots))),
        settled="shoal",
        tasks=tasks,
        chunk=chunk,
        note=f"{slots} slots",
    )


def _peer(
    name: str, broker: str, module: str, *, worker: str, settled: str, tasks: int, note: str
) -> Contestant:
    environment = _ARQ if name == "arq" else _PEERS
    program, *arguments = worker.format(module=f"bench.peers.{module}").split()
    return Contestant(
        name=name,
        broker=broker,
        worker=(str(environment / program), *arguments),
        settled=settled,
        tasks=tasks,
        fill=(str(environment / "python"), "-m", f"bench.peers.{module}"),
        note=note,
    )


_CELERY: Final = (
    "celery -A {module} worker --pool prefork --concurrency 1 --loglevel WARNING "
    "--without-gossip --without-mingle --without-heartbeat"
)
_DRAMATIQ: Final = "dramatiq {module} --processes 1 --threads 8 --skip-logging"

CONTESTANTS: Final = (
    _shoal(1, 6_000, 10),
    _shoal(10, 40_000, 10),
    _shoal(100, 200_000, 10),
    _peer(
        *("Celery", "SQS", "celery_sqs"),
        worker=_CELERY,
        settled="celery",
        tasks=1_000,
        note="prefork with one child (its solo pool stalls on SQS), prefetches 200",
    ),
    _peer(
        *("dramatiq-sqs", "SQS", "dramatiq_sqs"),
        worker=_DRAMATIQ,
        settled="default",
        tasks=1_200,
        note="one process of 8 threads",
    ),
    _peer(
        *("taskiq-aio-sqs", "SQS", "taskiq_sqs"),
        worker="taskiq worker {module}:broker --workers 1 --log-level WARNING",
        settled="taskiq",
        tasks=1_200,
        note="one process, receives ten messages a call",
    ),
    _peer(
        *("Celery", "Redis", "celery_redis"),
        worker=_CELERY,
        settled="LLEN celery",
        tasks=1_500,
        note="prefork with one child, prefetches 200",
    ),
    _peer(
        *("dramatiq", "Redis", "dramatiq_redis"),
        worker=_DRAMATIQ,
        settled="HLEN dramatiq:default.msgs",
        tasks=3_000,
        note="one process of 8 threads",
    ),
    _peer(
        *("arq", "Redis", "arq_redis"),
        worker="arq {module}.Settings --custom-log-dict {module}.QUIET",
        settled="ZCARD arq:queue",
        tasks=1_500,
        note="100 jobs at a time, polls every 50 ms, keeps no result, logs nothing",
    ),
)
