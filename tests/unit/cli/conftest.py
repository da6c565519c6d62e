import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shoal import bootstrap
from tests.unit.cli.commands import TASKS, Door, told
from tests.unit.handlers.edge import World, new_world


@pytest.fixture(autouse=True)
def world() -> World:
    made = new_world()
    bootstrap.use(made)
    return made


@pytest.fixture
def door() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.refusal = None  # type: ignore[attr-defined]
    server.asked = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def shoal(door: Any, tmp_path: Path) -> Any:
    (tmp_path / "mine.py").write_text(TASKS)

    def call(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-m", "shoal", *words],
            env=told(door, tmp_path),
            cwd=tmp_path,
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return call
