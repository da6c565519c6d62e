"""`shoal` as real processes, against the API's own handler behind a loopback server."""

import os
import re
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from handlers import api
from tests.unit.handlers.edge import (
    content,
    event,
    lease,
    outcome,
    report,
    start,
    submit,
)

TASKS = """
from shoal import task

@task
def sized(size: int = 1) -> int:
    half = size // 2
    if size == 13:
        raise ValueError("unlucky")
    return half
"""
NOBODY = "job_01J00000000000000000000000"


class Door(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode() or None
        status, headers, given = self.server.refusal or self._asked(path, query, body)  # type: ignore[attr-defined]
        said = given.encode() if isinstance(given, str) else given
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def _asked(
        self, path: str, query: str, body: str | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.server.asked.set()  # type: ignore[attr-defined]
        given = event(self.command, path, body, query=query, headers=dict(self.headers))
        answer = api.handler(given, None)
        return answer["statusCode"], answer["headers"], content(answer)

    do_GET = do_POST = do_DELETE = do_PATCH = _answer  # noqa: N815 - their names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def told(door: Any, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "PYTHONPATH": str(folder),
        "SHOAL_API_URL": f"http://127.0.0.1:{door.server_port}",
        "SHOAL_TOKEN": "token",
        "SHOAL_TASKS": "mine",
    }


def finished(**failing: Any) -> str:
    """A job of two tasks that has ended; its second task failed if an error is given."""
    job = submit(count=2, chunk_size=2)
    start(job)
    report(lease(job), [outcome(0, result=1), outcome(1, **failing)])
    return job


FAULT = {"type": "ValueError", "message": "no\x1b[2J", "tail": "", "retryable": False}


def read_until(terminal: int, text: str) -> str:
    shown = ""
    while text not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown):
        shown += os.read(terminal, 4096).decode(errors="replace")
    return shown
