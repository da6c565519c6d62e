import re
from pathlib import Path

import pytest

from shoal.__main__ import main
from shoal.settings import TASK_VARIABLES, MissingSetting, WorkerSettings, task_environment

WHOLE = {
    "SHOAL_API_URL": "https://api.invalid",
    "SHOAL_QUEUE_HIGH_URL": "https://sqs.invalid/high",
    "SHOAL_QUEUE_NORMAL_URL": "https://sqs.invalid/normal",
    "SHOAL_TASKS": "tasks, more.tasks",
    "AWS_REGION": "eu-west-1",
}


def test_variables_are_read_and_others_have_defaults() -> None:
    settings = WorkerSettings.from_environment(WHOLE | {"SHOAL_SLOTS": "7"})

    assert settings.task_modules == ("tasks", "more.tasks")
    assert list(settings.queue_urls) == ["high", "normal"]
    assert (settings.slots, settings.lease_seconds) == (7, 60.0)
    assert settings.worker_id


@pytest.mark.parametrize("name", ["SHOAL_API_URL", "AWS_REGION"])
def test_missing_variable_is_named(name: str) -> None:
    environment = {key: value for key, value in WHOLE.items() if key != name}

    with pytest.raises(MissingSetting, match=name):
        WorkerSettings.from_environment(environment)


@pytest.mark.parametrize("slots", ["many", "0", "-1"])
def test_invalid_number_is_named(slots: str) -> None:
    with pytest.raises(MissingSetting, match="SHOAL_SLOTS"):
        WorkerSettings.from_environment(WHOLE | {"SHOAL_SLOTS": slots})


@pytest.mark.parametrize("port", ["http", "-1", "65536", "8080.5", "²"])
def test_invalid_port_is_named(port: str) -> None:
    with pytest.raises(MissingSetting, match="SHOAL_HEALTH_PORT"):
        WorkerSettings.from_environment(WHOLE | {"SHOAL_HEALTH_PORT": port})


def test_health_port_is_disabled_by_default() -> None:
    named = WorkerSettings.from_environment(WHOLE | {"SHOAL_HEALTH_PORT": "8080"})

    assert WorkerSettings.from_environment(WHOLE).health_port == 0
    assert named.health_port == 8080


@pytest.mark.parametrize(
    ("set_", "traces"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.invalid:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector.invalid:4318/x"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c.invalid", "OTEL_SDK_DISABLED": "true"}, False),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c.invalid", "OTEL_TRACES_EXPORTER": "none"},
            False,
        ),
    ],
)
def test_otel_variables_control_tracing(set_: dict[str, str], *, traces: bool) -> None:
    assert WorkerSettings.from_environment(WHOLE | set_).tracing is traces


def test_command_line_names_the_missing_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SHOAL_API_URL", raising=False)

    assert main(["worker", "run"]) == 2
    assert "SHOAL_" in capsys.readouterr().err


SECRETS = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/var/run/token",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_SESSION_TOKEN": "c",
    "DATABASE_URL": "postgres://user:password@host/db",
    "HTTPS_PROXY": "http://user:password@proxy",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=d",
    "SHOAL_API_URL": "https://api.invalid",
    "SHOAL_QUEUE_HIGH_URL": "https://sqs.invalid/high",
}
HARMLESS = {
    "AWS_REGION": "eu-west-1",
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/bin",
    "PYTHONPATH": "/app",
    "SHOAL_IO_HOSTS": "a.example",
}


def test_tasks_see_only_allowed_variables() -> None:
    settings = WorkerSettings.from_environment(WHOLE | SECRETS | HARMLESS)

    assert settings.task_environment == HARMLESS


def test_operator_can_pass_more_variables() -> None:
    named = {"SHOAL_TASK_ENVIRONMENT": "DATABASE_URL, OTEL_*"}

    seen = task_environment(SECRETS | HARMLESS | named)

    assert seen.keys() - HARMLESS.keys() == {"DATABASE_URL", "OTEL_EXPORTER_OTLP_HEADERS"}


def test_operator_can_pass_the_identity_of_the_worker() -> None:
    seen = task_environment(SECRETS | HARMLESS | {"SHOAL_TASK_AWS_IDENTITY": "true"})

    assert seen.keys() - HARMLESS.keys() == {name for name in SECRETS if name.startswith("AWS_")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOAL_TASK_ENVIRONMENT", "*"),
        ("SHOAL_TASK_ENVIRONMENT", "A-B"),
        ("SHOAL_TASK_ENVIRONMENT", "*_URL"),
        ("SHOAL_TASK_AWS_IDENTITY", "yes"),
    ],
)
def test_invalid_setting_of_tasks_is_named(name: str, value: str) -> None:
    with pytest.raises(MissingSetting, match=name):
        WorkerSettings.from_environment(WHOLE | {name: value})


@pytest.mark.parametrize("uids", ["20000", "0-100", "20001-20000", "a-b", "1-99999999999"])
def test_invalid_range_of_uids_is_named(uids: str) -> None:
    with pytest.raises(MissingSetting, match="SHOAL_TASK_UIDS"):
        WorkerSettings.from_environment(WHOLE | {"SHOAL_TASK_UIDS": uids})


def test_range_of_uids_includes_its_ends() -> None:
    settings = WorkerSettings.from_environment(WHOLE | {"SHOAL_TASK_UIDS": "20000-20099"})

    assert settings.task_uids == range(20_000, 20_100)


def test_page_lists_the_variables_of_tasks() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/worker-metrics.md").read_text()
    section = page.split("## Variables of tasks\n")[1].split("\n## ")[0]
    listed = set(re.findall(r"`([A-Z_]+\*?)`", section.split("`SHOAL_TASK_ENVIRONMENT=")[0]))

    assert listed | {"TMPDIR"} == {*TASK_VARIABLES}
