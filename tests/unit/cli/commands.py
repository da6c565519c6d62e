"""Run `shoal` as a process against the API's handler behind a loopback server."""

import os
import re
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from handlers import api
from tests.unit.handlers.http_calls import (
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
UNKNOWN_JOB = "job_01J00000000000000000000000"


class ApiServer(BaseHTTPRequestHandler):
    def _respond(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode() or None
        status, headers, text = self.server.override or self._handle(path, query, body)  # type: ignore[attr-defined]
        data = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _handle(
        self, path: str, query: str, body: str | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.server.called.set()  # type: ignore[attr-defined]
        request = event(self.command, path, body, query=query, headers=dict(self.headers))
        answer = api.handler(request, None)
        return answer["statusCode"], answer["headers"], content(answer)

    do_GET = do_POST = do_DELETE = do_PATCH = _respond  # noqa: N815 - the base class names them

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def environment(server: Any, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "PYTHONPATH": str(folder),
        "SHOAL_API_URL": f"http://127.0.0.1:{server.server_port}",
        "SHOAL_TOKEN": "token",
        "SHOAL_TASKS": "mine",
    }


def ended_job(**second: Any) -> str:
    """Return a job of two tasks that has ended; its second task failed if an error is given."""
    job = submit(count=2, chunk_size=2)
    start(job)
    report(lease(job), [outcome(0, result=1), outcome(1, **second)])
    return job


FAULT = {"type": "ValueError", "message": "no\x1b[2J", "tail": "", "retryable": False}


def read_until(terminal: int, text: str) -> str:
    shown = ""
    while text not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown):
        shown += os.read(terminal, 4096).decode(errors="replace")
    return shown
