"""CPU that each function spends at its import from the layer, then on its clients."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from bench.stand import LAYER
from bench.tables import note, show
from local.application import ROOT
from local.emulator import base_environment
from local.layer import built

FUNCTIONS = ROOT / "functions"
TRIES = 5
_CODE = """
import time
begin = time.process_time()
import handlers.{name}
imported = time.process_time()
from shoal import bootstrap
for service in {clients}:
    bootstrap._make(service)
print(imported - begin, time.process_time() - begin)
"""
_REFERENCE = """
import time
begin = time.process_time()
import boto3
imported = time.process_time()
boto3.client("dynamodb")
print(imported - begin, time.process_time() - begin)
"""
REFERENCE = 213
CLIENTS = {"callbacks": ("dynamodb", "sqs"), "api": ("dynamodb", "stepfunctions")}
BUDGET = {"callbacks": 350}


def main() -> None:
    """Print the table."""
    names = sorted(
        path.stem
        for path in (FUNCTIONS / "handlers").glob("*.py")
        if "def handler" in path.read_text() or "handler =" in path.read_text()
    )
    columns = ("function", "import", "with its clients", "budget")
    rows = [
        (name, *_measured(_CODE.format(name=name, clients=_clients(name))), BUDGET.get(name, ""))
        for name in names
    ]
    rows.append(("boto3, a DynamoDB client", *_measured(_REFERENCE), f"({REFERENCE})"))
    show(f"CPU ms at import, median of {TRIES}", columns, rows)
    note(f"The budgets are of a machine that needs {REFERENCE} ms for the last line.")


def _clients(name: str) -> tuple[str, ...]:
    return CLIENTS.get(name, ("dynamodb",))


def _measured(code: str) -> tuple[str, str]:
    pairs = [tuple(map(float, _run(code).split())) for _ in range(TRIES)]
    return (
        f"{1_000 * median(p[0] for p in pairs):.0f}",
        f"{1_000 * median(p[1] for p in pairs):.0f}",
    )


def _run(code: str) -> str:
    path = f"{FUNCTIONS}:{built(LAYER) / 'python'}"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env={**base_environment(), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
