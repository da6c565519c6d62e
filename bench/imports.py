"""CPU that each function spends at its import from the layer, then on its clients; and `shoal`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median

from bench.tables import note, show
from local.application import ROOT
from local.emulator import base_environment
from local.layer import SHARED, built

FUNCTIONS = ROOT / "functions"
TRIES = 5
_CODE = """
import time
begin = time.process_time()
import handlers.{name}
imported = time.process_time()
from shoal.bootstrap.clients import create_client
for service in {clients}:
    create_client(service)
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
    note(f"The budgets are for a machine that needs {REFERENCE} ms for the last line.")
    _commands()


def _commands() -> None:
    """Whole processes: the interpreter's start is a part of what a person waits for."""
    with _empty_api() as url:
        told = {**base_environment(), "SHOAL_API_URL": url, "SHOAL_TOKEN": "none"}
        rows = [
            (
                f"python {' '.join(words)}",
                f"{median(_spent(words, told) for _ in range(TRIES)):.0f}",
            )
            for words in (["-c", "pass"], ["-m", "shoal", "--help"], ["-m", "shoal", "list"])
        ]
    show(f"CPU ms of a command, median of {TRIES}", ("command", "CPU ms"), rows)


def _spent(words: list[str], told: dict[str, str]) -> float:
    process = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, *words], env=told, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words} ended with {process.returncode}")
    return 1_000 * (usage.ru_utime + usage.ru_stime)


@contextmanager
def _empty_api() -> Iterator[str]:
    """An API that has no jobs."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"items": [], "next_token": null}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _clients(name: str) -> tuple[str, ...]:
    return CLIENTS.get(name, ("dynamodb",))


def _measured(code: str) -> tuple[str, str]:
    pairs = [tuple(map(float, _run(code).split())) for _ in range(TRIES)]
    return (
        f"{1_000 * median(p[0] for p in pairs):.0f}",
        f"{1_000 * median(p[1] for p in pairs):.0f}",
    )


def _run(code: str) -> str:
    path = f"{FUNCTIONS}:{built(SHARED) / 'python'}"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env={**base_environment(), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
