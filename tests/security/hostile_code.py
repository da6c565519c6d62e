"""Tasks that look for credentials, other processes, and the data of other tenants.

A test runs them in a real worker without capabilities. All credentials there have the form of
`CANARY`, which no other text has.
"""

# ruff: noqa: SLF001, T201, TID251 - hostile tasks do forbidden things

import contextlib
import ctypes
import gc
import os
import re
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shoal import Context, task

CANARY = re.compile(rb"canary-[0-9a-f]{32}")
PROC = Path("/proc")
_ATTACH = 16
_DETACH = 17
_MOST = 64 * 1024 * 1024


def ancestors() -> list[int]:
    """Return the fork server and the worker."""
    server = os.getppid()
    return [server, int(stat_fields(server)[1])]


def stat_fields(pid: int) -> list[str]:
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def others() -> list[int]:
    """Return the fork server, the worker, and the other children."""
    server = os.getppid()
    siblings = [
        int(each)
        for each in (PROC / str(server) / "task" / str(server) / "children").read_text().split()
    ]
    return [pid for pid in (*ancestors(), *siblings) if pid != os.getpid()]


@task
def idles(path: str) -> None:
    """Wait in another child until the test is over."""
    Path(path).read_bytes()


@task
def environment() -> dict[str, str]:
    return dict(os.environ)


@task
def reads_environments() -> list[str]:
    """Return the programs whose environment has a credential."""
    found = []
    for file in PROC.glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if CANARY.search(file.read_bytes()):
                found.append((file.parent / "cmdline").read_text().replace("\0", " "))
    return found


@task
def reads_command_lines() -> list[str]:
    lines = [file.read_bytes() for file in PROC.glob("[0-9]*/cmdline")]
    return [line.decode() for line in lines if CANARY.search(line)]


@task
def opens_memories() -> list[str]:
    """Return the files of other processes that it can open."""
    opened = []
    for pid in others():
        for name in ("mem", "environ", "maps", "fd/0", "auxv"):
            with contextlib.suppress(OSError):
                (PROC / str(pid) / name).open("rb").close()
                opened.append(f"{name} of {role(pid)}")
    return opened


def role(pid: int) -> str:
    server, worker = ancestors()
    return {server: "fork server", worker: "worker"}.get(pid, "child")


@task
def traces() -> list[str]:
    """Return the processes that it can trace."""
    libc = ctypes.CDLL(None, use_errno=True)
    traced = []
    for pid in others():
        if libc.ptrace(_ATTACH, pid, None, None) == 0:
            os.waitpid(pid, getattr(os, "WUNTRACED", 2) | 0x40000000)
            libc.ptrace(_DETACH, pid, None, None)
            traced.append(role(pid))
    return traced


@task
def searches_its_memory(*, ctx: Context) -> list[str]:
    """Return the credentials in its memory, after a call to the API."""
    ctx.effect("called", lambda: None)
    return sorted({match.decode() for region in regions() for match in CANARY.findall(region)})


def regions() -> Iterator[bytes]:
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, mode, *_, name = line.split(maxsplit=5) + [""] * 1
        first, last = (int(each, 16) for each in place.split("-"))
        if mode.startswith("rw") and not name.startswith("[v") and last - first <= _MOST:
            yield ctypes.string_at(first, last - first)


@task
def inherits() -> list[str]:
    """Return the kind of each file, socket and pipe that it has."""
    kinds = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are needed
        with contextlib.suppress(OSError):
            mode = os.fstat(int(name)).st_mode
            target = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115 - as above
            kinds[target] = "socket" if stat.S_ISSOCK(mode) else target.split(":")[0]
    return sorted(kinds.values())


@task
def shrinks_shared_memory() -> list[str]:
    """Shrink the memory that it shares with its worker. Return the errors."""
    errors = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are needed
        with contextlib.suppress(FileNotFoundError):
            if "memfd" in os.readlink(f"/proc/self/fd/{name}"):  # noqa: PTH115 - as above
                try:
                    os.ftruncate(int(name), 0)
                except OSError as error:
                    errors.append(type(error).__name__)
    return errors


@task
def writes_outcomes(text: str, *, ctx: Context) -> None:
    """Write a text as the outcome of this task, and die. INDEX stands for the index of the task."""
    memory_of_this_process().add(text.replace("INDEX", str(ctx.index)).encode())
    os._exit(0)


@task
def writes_numbers(what: str) -> None:
    """Write numbers outside of their range into the memory shared with the worker, and fail."""
    memory = memory_of_this_process()
    match what:
        case "position":
            memory._numbers[0] = 2**40
        case "printed":
            memory._numbers[4] = 2**63 - 1
        case "used":
            memory._numbers[2] = 2**50
        case "started":
            memory._times[1] = float("nan")
    print("a line for the log", flush=True)
    raise ValueError(what)


def memory_of_this_process() -> Any:
    kind = sys.modules["shoal.worker.shared_memory"].SharedMemory
    (found,) = (each for each in gc.get_objects() if isinstance(each, kind))
    return found


@task
def floods_messages() -> None:
    """Ask the worker for replies without end, and read none."""
    kind = sys.modules["shoal.worker.child"].Child
    (child,) = (each for each in gc.get_objects() if isinstance(each, kind))
    print("x" * 4_096, flush=True)
    while True:
        child._connection.send(b"T")


@task
def stores(name: str, *, ctx: Context) -> str | None:
    """Store an artifact, and read it again."""
    ctx.artifacts.put(name, b"stored")
    body = ctx.artifacts.get(name)
    return None if body is None else body.decode()


@task
def patches_its_process(note: str) -> int:
    """Record the inputs of all later tasks of this process."""
    child = sys.modules["shoal.worker.child"]
    run = child.Child._run

    def spied(self: Any, assignment: Any) -> None:
        with Path(note).open("a") as file:
            file.write(f"{assignment.tasks}\n")
        run(self, assignment)

    child.Child._run = spied
    return os.getpid()


@task
def takes(content: str) -> int:
    del content
    return os.getpid()


@task
def leaves_files(content: str, path: str | None = None) -> str:
    """Leave a file, in the directory for temporary files by default."""
    place = Path(path or tempfile.gettempdir(), f"left by {os.getpid()}")
    place.write_text(content)
    return str(place)


@task
def reads_files(path: str) -> list[str]:
    """Return the contents of a file, or of the files in a directory."""
    contents = []
    for file in [Path(path), *Path(path).glob("*")]:
        with contextlib.suppress(OSError):
            contents.append(file.read_text())
    return contents


@task
def leaves_a_process() -> int:
    """Start a process outside of its session that outlives it. Return its id."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writing, str(os.getpid()).encode())
            signal.pause()
        os._exit(0)
    os.wait()
    return int(os.read(reading, 16))


@task
def signals() -> list[str]:
    """Return the processes that it may signal."""
    allowed = []
    for pid in ancestors():
        with contextlib.suppress(PermissionError):
            os.kill(pid, 0)
            allowed.append(role(pid))
    return allowed


@task
def identity() -> dict[str, Any]:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    names = ("Uid", "Gid", "Groups", "NoNewPrivs", "CapPrm", "CapEff", "CapInh", "CapAmb")
    return {name: lines[name].split() for name in names}
