import subprocess
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shoal import bootstrap
from tests.unit.cli.commands import TASKS, ApiServer, environment
from tests.unit.cli.processes import run_shoal
from tests.unit.handlers.http_calls import World, new_world


@pytest.fixture(autouse=True)
def world() -> World:
    made = new_world()
    bootstrap.use(made)
    return made


@pytest.fixture
def server() -> Iterator[Any]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), ApiServer)
    http.override = None  # type: ignore[attr-defined]
    http.called = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    yield http
    http.shutdown()
    http.server_close()


@pytest.fixture
def shoal(server: Any, tmp_path: Path) -> Any:
    (tmp_path / "mine.py").write_text(TASKS)

    def call(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return run_shoal(words, environment(server, tmp_path), tmp_path, stdin)

    return call
