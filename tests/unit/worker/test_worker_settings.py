import pytest

from shoal.__main__ import main
from shoal.settings import MissingSetting, WorkerSettings

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
