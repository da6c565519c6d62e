"""`python -m local up|smoke|down` runs the whole platform on this machine."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console as Terminal

from local import job
from local.application import ROOT
from local.console import Console
from local.emulator import TwinError, write_private
from local.processes import ProcessRegistry
from local.twin import Plan, Twin, booted, free_port, remove_state, require_free
from local.workers import Workers

FIRST_JOB_TASKS: Final = 10_000
WORKERS: Final = 3
HOME: Final = ROOT / ".twin"
_POLL_SECONDS: Final = 1.0

terminal: Final = Terminal(stderr=True)


def main() -> int:
    """Runs a command and returns its exit code. Prints errors as one sentence."""
    options = _options()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except TwinError as error:
        terminal.print(f"shoal: {error}", style="red", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130


def up(options: argparse.Namespace) -> int:
    """Runs the platform until Ctrl-C. Runs a first job unless `--workers 0` is set."""
    plan = Plan(
        home=options.home,
        port=options.port,
        issuer_port=options.issuer_port,
        console_port=options.console_port,
    )
    _require_alone(plan.home)
    require_free(plan.console_port, "--console-port")
    with _platform(plan, options.workers, options.leave) as (twin, supervise):
        token = write_private(plan.home / "token", twin.issuer.token(seconds=365 * 86_400))
        write_private(plan.home / "config.toml", _profile(twin, token.read_text()))
        write_private(
            plan.home / "sam-env.json", json.dumps({"Parameters": twin.environment_of_sam()})
        )
        worker = twin.environment_of_worker().items()
        variables = "".join(f"{k}={shlex.quote(v)}\n" for k, v in worker)
        environment = write_private(plan.home / "worker.env", variables)
        if options.workers:
            summary, lines = _first_job(twin, supervise, options.tasks, token)
        else:
            summary = "No worker is running; start your own."
            lines = [f"set -a; . {_relative(environment)}; set +a", "shoal worker run"]
        with Console(plan.console_port, twin.url, twin.issuer.url, lines) as console:
            print(f"\n{summary} Try these commands in another terminal:\n")
            print(*lines, sep="\n")
            print(_command_line(plan.home))
            print(f"\nAPI {twin.url}/api/v1 · console {console.url} · logs {_relative(plan.home)}")
            print("Press Ctrl-C to stop the platform.", flush=True)
            try:
                while True:
                    time.sleep(_POLL_SECONDS)
                    supervise()
            except KeyboardInterrupt:
                terminal.print("stopping; the next `make up` continues with this state")
    return 0


def _first_job(
    twin: Twin, supervise: Callable[[], None], tasks: int, token: Path
) -> tuple[str, list[str]]:
    """Runs the first job. Returns a summary and commands to try next."""
    spec = {"task_type": "noop", "count": tasks, "chunk_size": 100, "name": "first"}
    finished = job.run(twin, spec, supervise, terminal)
    summary = f"{finished.job['status']} in {finished.seconds:.1f} s."
    return summary, _lines(twin, _relative(token), finished.job["id"])


def smoke(options: argparse.Namespace) -> int:
    """Runs one job on a separate platform. Returns 0 only if each task completed exactly once."""
    home = options.home / "smoke"
    _require_alone(home)
    remove_state(home)
    plan = Plan(
        home=home,
        port=options.port or free_port(),
        issuer_port=free_port(),
        layer_home=options.home,
    )
    spec: dict[str, Any] = {"task_type": options.type, "count": options.tasks}
    if options.chunk_size:
        spec["chunk_size"] = options.chunk_size
    with _platform(plan, options.workers) as (twin, supervise):
        finished = job.run(twin, spec, supervise, terminal)
        counted = job.recounted(twin, finished.job["id"])
    for finding in counted.findings:
        terminal.print(finding, style="red", highlight=False)
    status, seconds = finished.job["status"], finished.seconds
    print(
        f"{status} {counted.completed}/{options.tasks} tasks in {seconds:.1f} s,"
        f" {options.tasks / seconds:.0f} tasks/s,"
        f" {counted.lost} lost, {counted.duplicated} duplicated"
    )
    sound = not (counted.lost or counted.duplicated or counted.findings)
    return 0 if status == "COMPLETED" and counted.completed == options.tasks and sound else 1


def down(options: argparse.Namespace) -> int:
    """Stops a running twin, or the remaining processes of a killed one. Keeps its state."""
    stopped = sum(ProcessRegistry(home).stop() for home in (options.home, options.home / "smoke"))
    terminal.print(f"stopped {stopped} processes" if stopped else "no processes were running")
    return 0


def _require_alone(home: Path) -> None:
    registry = ProcessRegistry(home)
    if running := registry.twin():
        raise TwinError(f"a twin is already running (process {running}); stop it with `make down`")
    if stopped := registry.stop():
        terminal.print(f"stopped {stopped} processes of an earlier twin")


def _profile(twin: Twin, token: str) -> str:
    """Returns a configuration of the CLI and the Python client with a profile for the twin."""
    lines = ("api_url", twin.url), ("token", token), ("console_url", twin.plan.console_url)
    fields = "".join(f'{name} = "{value}"\n' for name, value in lines)
    return f'default = "twin"\n\n[profiles.twin]\n{fields}'


@contextmanager
def _platform(
    plan: Plan, worker_count: int, leave: Collection[str] = ()
) -> Iterator[tuple[Twin, Callable[[], None]]]:
    """Runs a twin with workers. Yields it with a function that restarts dead workers."""
    registry = ProcessRegistry(plan.home)
    with ExitStack() as stack:
        registry.write(os.getpid(), [])  # first, so that no other twin starts on the same state
        stack.callback(registry.clear)
        terminal.print("starting the emulator and deploying template.yaml")
        twin = stack.enter_context(booted(plan))
        workers = stack.enter_context(twin.workers(leave=leave))
        for number in range(1, worker_count + 1):
            workers.start(f"w-{number}")
        registry.write(os.getpid(), _pids(twin, workers))

        def supervise() -> None:
            twin.emulator.check()
            if restarted := workers.restart_dead():
                terminal.print(
                    f"restarted {' and '.join(restarted)} after an unexpected exit", style="yellow"
                )
                registry.write(os.getpid(), _pids(twin, workers))

        yield twin, supervise


def _pids(twin: Twin, workers: Workers) -> list[int]:
    """Returns the process ids, workers first: they must stop before the emulator."""
    emulator = twin.emulator.process
    return [
        *(each.pid for each in workers.processes.values()),
        *([emulator.pid] if emulator else []),
    ]


def _lines(twin: Twin, token: str, job_id: str) -> list[str]:
    api = f"{twin.url}/api/v1"
    bearer = f'-H "Authorization: Bearer $(cat {token})"'
    header = '-H "Content-Type: application/json"'
    body = """-d '{"task_type": "cpu", "count": 100, "params": {"n": 200000}}'"""
    return [
        f"curl -s {bearer} {api}/jobs/{job_id}",
        f"curl -s {bearer} {header} {body} {api}/jobs",
        f'curl -s {bearer} "{api}/jobs?limit=5"',
    ]


def _command_line(home: Path) -> str:
    """Returns a command that lists jobs with the CLI."""
    shoal = _relative(Path(sys.executable).with_name("shoal"))
    return f"SHOAL_CONFIG={shlex.quote(_relative(home / 'config.toml'))} {shlex.quote(shoal)} list"


def _relative(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _interrupt(*_: object) -> None:
    """Raises KeyboardInterrupt once. Further signals must not interrupt the shutdown."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument(
        "--home", type=Path, default=HOME, help="directory for the state and the logs of the twin"
    )
    commands = parser.add_subparsers(required=True)

    each = commands.add_parser("up", help="run the platform and a first job until Ctrl-C")
    each.add_argument(
        "--port", type=_positive, default=8000, help="port of the API (default: %(default)s)"
    )
    each.add_argument(
        "--issuer-port",
        type=_positive,
        default=8001,
        help="port of the token issuer (default: %(default)s)",
    )
    each.add_argument(
        "--console-port",
        type=_positive,
        default=3000,
        help="port of the console (default: %(default)s)",
    )
    each.add_argument(
        "--tasks",
        type=_positive,
        default=FIRST_JOB_TASKS,
        help="number of tasks of the first job (default: %(default)s)",
    )
    each.add_argument(
        "--workers",
        type=_number,
        default=WORKERS,
        help="number of workers (default: %(default)s); 0 to start your own, without a first job",
    )
    each.add_argument(
        "--leave",
        choices=("high", "low"),
        action="append",
        default=[],
        help="queue that these workers ignore, for example because another worker uses it",
    )
    each.set_defaults(command=up)

    each = commands.add_parser("smoke", help="run one job on a separate platform and check it")
    each.add_argument(
        "--tasks",
        type=_positive,
        default=FIRST_JOB_TASKS,
        help="number of tasks (default: %(default)s)",
    )
    each.add_argument("--type", default="noop", help="task type (default: %(default)s)")
    each.add_argument("--chunk-size", type=_positive, help="tasks per chunk (default: automatic)")
    each.add_argument("--port", type=_positive, help="port of the API (default: a free port)")
    each.add_argument(
        "--workers",
        type=_positive,
        default=WORKERS,
        help="number of workers (default: %(default)s)",
    )
    each.set_defaults(command=smoke)

    each = commands.add_parser("down", help="stop a twin, or the processes that a killed twin left")
    each.set_defaults(command=down)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
