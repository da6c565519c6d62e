"""The only reader of environment variables, for functions, workers and clients."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shoal.domain.job import DAY, Priority
from shoal.domain.limits import Limits

_QUEUES: Final = {
    Priority.HIGH: "SHOAL_QUEUE_HIGH_URL",
    Priority.NORMAL: "SHOAL_QUEUE_NORMAL_URL",
    Priority.LOW: "SHOAL_QUEUE_LOW_URL",
}


_MEGABYTE: Final = 1024 * 1024
_COLLECTORS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_LAST_PORT: Final = 65_535
TASK_VARIABLES: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "HOSTNAME", "SHELL", "TMPDIR", "TZ"),
    *("LANG", "LANGUAGE", "LC_*"),
    *("PYTHON*", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
    *("OMP_*", "MKL_*", "OPENBLAS_*", "NUMEXPR_*", "CUDA_*", "NVIDIA_*"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE"),
    *("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"),
    *("SHOAL_CONTAINER_NAMESPACE", "SHOAL_CONTAINER_SERVICE_ACCOUNT", "SHOAL_IO_HOSTS"),
)
"""The variables of a worker that tasks see. None usually has a secret. The last two lines are
settings of the built-in task types."""
_LAST_UID: Final = 2**31 - 1
_UIDS: Final = re.compile(r"([0-9]{1,10})-([0-9]{1,10})")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\*?")


class MissingSetting(RuntimeError):  # noqa: N818 - the tree reads as nouns
    """A required environment variable is missing or invalid."""


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """Settings of a function. A missing variable raises an error when it is read."""

    environment: Mapping[str, str] = field(repr=False)

    @staticmethod
    def from_environment() -> FunctionSettings:
        """Return the settings of this process."""
        return FunctionSettings(dict(os.environ))  # noqa: TID251 - settings are read here

    @property
    def on_aws(self) -> bool:
        """Whether the default AWS endpoints are used, not a custom one."""
        return not self.environment.get("AWS_ENDPOINT_URL")

    @property
    def tasks_table(self) -> str:
        """The table of chunks and parts."""
        return self._required("SHOAL_TASKS_TABLE")

    @property
    def jobs_table(self) -> str:
        """The table of jobs, tallies, sums and cursors."""
        return self._required("SHOAL_JOBS_TABLE")

    @property
    def registry_table(self) -> str:
        """The registry table: task types, watch list, tenants and more."""
        return self._required("SHOAL_REGISTRY_TABLE")

    @property
    def inputs_bucket(self) -> str:
        """The bucket of inputs."""
        return self._required("SHOAL_INPUTS_BUCKET")

    @property
    def results_bucket(self) -> str:
        """The bucket of large parts, artifacts and exports."""
        return self._required("SHOAL_RESULTS_BUCKET")

    @property
    def queue_urls(self) -> Mapping[Priority, str]:
        """The queue URL of each priority."""
        return {priority: self._required(name) for priority, name in _QUEUES.items()}

    @property
    def state_machine_arn(self) -> str:
        """The state machine of jobs."""
        return self._required("SHOAL_STATE_MACHINE_ARN")

    @property
    def bulk_machine_arn(self) -> str:
        """The state machine of bulk actions; empty for functions that start none."""
        return self.environment.get("SHOAL_BULK_MACHINE_ARN", "")

    @property
    def event_bus(self) -> str:
        """The event bus of job events; empty for functions that publish none."""
        return self.environment.get("SHOAL_EVENT_BUS", "")

    @property
    def live_url(self) -> str:
        """The management endpoint of the WebSocket API; empty if not needed."""
        return self.environment.get("SHOAL_LIVE_URL", "")

    @property
    def ticket_secret(self) -> str:
        """The secret that signs live tickets; empty for functions that do not use it."""
        return self.environment.get("SHOAL_TICKET_SECRET_ARN", "")

    @property
    def export_machine_arn(self) -> str:
        """The state machine of exports; empty for functions that start none."""
        return self.environment.get("SHOAL_EXPORT_MACHINE_ARN", "")

    @property
    def deliveries_queue(self) -> str:
        """The queue of webhook deliveries; empty for functions that send none."""
        return self.environment.get("SHOAL_DELIVERIES_QUEUE_URL", "")

    @property
    def local_webhooks(self) -> bool:
        """Whether webhooks may use http://127.0.0.1, as on a developer's machine."""
        return self.environment.get("SHOAL_LOCAL_WEBHOOKS") == "true"

    @property
    def stage(self) -> str:
        """The stage of this deployment."""
        return self._required("SHOAL_STAGE")

    @property
    def on_sam_local(self) -> bool:
        """Whether this runs in a container of `sam local`, which verifies no token."""
        return self.environment.get("AWS_SAM_LOCAL") == "true"

    @property
    def lease_seconds(self) -> float:
        """The length of a lease in seconds."""
        return float(self.environment.get("SHOAL_LEASE_SECONDS", "60"))

    @property
    def retention_seconds(self) -> int:
        """The retention of rows after the longest job would have ended, in seconds."""
        return self.limits.retention_days * DAY

    @property
    def limits(self) -> Limits:
        """The default limits of tenants."""
        default, told = Limits(), self.environment.get
        return Limits(
            open_jobs=int(told("SHOAL_LIMIT_OPEN_JOBS", default.open_jobs)),
            queued_tasks=int(told("SHOAL_LIMIT_QUEUED_TASKS", default.queued_tasks)),
            submit_rate=float(told("SHOAL_LIMIT_SUBMIT_RATE", default.submit_rate)),
            submit_burst=int(told("SHOAL_LIMIT_SUBMIT_BURST", default.submit_burst)),
            retention_days=int(told("SHOAL_RETENTION_DAYS", default.retention_days)),
        )

    def _required(self, name: str) -> str:
        try:
            return self.environment[name]
        except KeyError as error:
            raise MissingSetting(f"environment variable {name} is not set") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Settings of a worker. `lease_seconds` must be that of the deployment.

    A child process is replaced after `child_tasks` tasks, or once it has grown by
    `child_growth_bytes`. Probes and metrics are served on `health_port`; 0 turns them off, because
    several workers on one machine cannot share a port. `tracing` is set if a collector is set.
    `task_environment` is all that tasks see of the worker's environment. With `task_uids`, each
    child process runs as a separate user.
    """

    api_url: str
    queue_urls: Mapping[str, str]
    task_modules: tuple[str, ...]
    region: str
    worker_id: str
    slots: int
    lease_seconds: float = 60.0
    grace_seconds: float = 25.0
    announce_seconds: float = 60.0
    log_level: str = "INFO"
    image: str = ""
    child_tasks: int = 100_000
    child_growth_bytes: int = 256 * _MEGABYTE
    health_port: int = 0
    tracing: bool = False
    task_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    task_uids: range | None = None

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> WorkerSettings:  # noqa: TID251 - settings are read here
        """Read the settings; raise MissingSetting with the name of an invalid variable."""
        read = _Reader(environment)
        urls = {
            name: url
            for name in map(str, Priority)
            if (url := environment.get(f"SHOAL_QUEUE_{name.upper()}_URL"))
        }
        if not urls:
            raise MissingSetting("set SHOAL_QUEUE_NORMAL_URL (and _HIGH_ and _LOW_)")
        return WorkerSettings(
            api_url=read.text("SHOAL_API_URL"),
            queue_urls=urls,
            task_modules=task_modules(environment),
            region=read.text("AWS_REGION"),
            worker_id=read.text("SHOAL_WORKER_ID", f"{socket.gethostname()[:100]}-{os.getpid()}"),
            slots=int(read.number("SHOAL_SLOTS", os.process_cpu_count() or 1)),
            lease_seconds=read.number("SHOAL_LEASE_SECONDS", 60.0),
            grace_seconds=read.number("SHOAL_GRACE_SECONDS", 25.0),
            announce_seconds=read.number("SHOAL_ANNOUNCE_SECONDS", 60.0),
            log_level=read.text("SHOAL_LOG_LEVEL", "INFO"),
            image=environment.get("SHOAL_IMAGE", ""),
            child_tasks=int(read.number("SHOAL_CHILD_TASKS", 100_000)),
            child_growth_bytes=int(read.number("SHOAL_CHILD_GROWTH_MB", 256)) * _MEGABYTE,
            health_port=read.port("SHOAL_HEALTH_PORT"),
            tracing=_traces(environment),
            task_environment=task_environment(environment),
            task_uids=read.uids("SHOAL_TASK_UIDS"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """Settings of a client that override its profile."""

    config: Path
    profile: str | None = None
    api_url: str | None = None
    token: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> ClientSettings:  # noqa: TID251 - settings are read here
        """Read the settings; the default file is `shoal/config.toml` in the config folder."""
        home = environment.get("XDG_CONFIG_HOME") or "~/.config"
        config = environment.get("SHOAL_CONFIG") or f"{home}/shoal/config.toml"
        return ClientSettings(
            config=Path(config).expanduser(),
            profile=environment.get("SHOAL_PROFILE") or None,
            api_url=environment.get("SHOAL_API_URL") or None,
            token=environment.get("SHOAL_TOKEN") or None,
            client_secret=environment.get("SHOAL_CLIENT_SECRET") or None,
        )


def task_modules(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:  # noqa: TID251 - settings are read here
    """Return the task modules of SHOAL_TASKS, in addition to installed packages."""
    names = environment.get("SHOAL_TASKS", "").split(",")
    return tuple(name.strip() for name in names if name.strip())


def task_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:  # noqa: TID251 - settings are read here
    """Return the variables that tasks may see: no credentials, unless the operator names them.

    SHOAL_TASK_ENVIRONMENT has further names, separated by commas; an asterisk at the end of a name
    stands for any ending. SHOAL_TASK_AWS_IDENTITY=true passes all variables of AWS.
    """
    named = [name.strip() for name in environment.get("SHOAL_TASK_ENVIRONMENT", "").split(",")]
    allowed = [*TASK_VARIABLES, *filter(None, named)]
    for name in allowed:
        if not _VARIABLE.fullmatch(name):
            raise MissingSetting(
                f"SHOAL_TASK_ENVIRONMENT has {name!r}; expected names of variables, separated by"
                " commas, such as MODEL_PATH,OTEL_*"
            )
    identity = environment.get("SHOAL_TASK_AWS_IDENTITY") or "false"
    if identity not in {"true", "false"}:
        raise MissingSetting(f"SHOAL_TASK_AWS_IDENTITY is {identity!r}; expected true or false")
    if identity == "true":
        allowed.append("AWS_*")
    exact = {name for name in allowed if not name.endswith("*")}
    prefixes = tuple(name.removesuffix("*") for name in allowed if name.endswith("*"))
    return {
        name: value
        for name, value in environment.items()
        if name in exact or name.startswith(prefixes)
    }


def _traces(environment: Mapping[str, str]) -> bool:
    """Return whether the OpenTelemetry variables name a collector and do not disable tracing."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    return any(environment.get(name) for name in _COLLECTORS)


@dataclass(frozen=True, slots=True)
class _Reader:
    environment: Mapping[str, str] = field(repr=False)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.environment.get(name) or default
        if value is None:
            raise MissingSetting(f"{name} is not set")
        return value

    def number(self, name: str, default: float) -> float:
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            raise MissingSetting(f"{name} is {text!r}; expected a number") from None
        if value <= 0:
            raise MissingSetting(f"{name} is {text}; it must be above 0")
        return value

    def uids(self, name: str) -> range | None:
        """Return a range such as 20000-20099; None, the default, means the worker's own user."""
        text = self.environment.get(name)
        if not text:
            return None
        found = _UIDS.fullmatch(text)
        first, last = map(int, found.groups()) if found else (0, 0)
        if not 0 < first <= last <= _LAST_UID:
            raise MissingSetting(f"{name} is {text!r}; expected a range such as 20000-20099")
        return range(first, last + 1)

    def port(self, name: str) -> int:
        """Return a TCP port; 0, the default, means none."""
        text = self.text(name, "0")
        if not text.isascii() or not text.isdecimal() or int(text) > _LAST_PORT:
            raise MissingSetting(f"{name} is {text!r}; expected a port number")
        return int(text)
