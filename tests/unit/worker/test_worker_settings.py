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


def test_what_is_set_is_read_and_the_rest_has_defaults() -> None:
    settings = WorkerSettings.from_environment(WHOLE | {"SHOAL_SLOTS": "7"})

    assert settings.task_modules == ("tasks", "more.tasks")
    assert list(settings.queue_urls) == ["high", "normal"]
    assert (settings.slots, settings.lease_seconds) == (7, 60.0)
    assert settings.worker_id


@pytest.mark.parametrize("name", ["SHOAL_API_URL", "AWS_REGION"])
def test_what_is_missing_is_named(name: str) -> None:
    environment = {key: value for key, value in WHOLE.items() if key != name}

    with pytest.raises(MissingSetting, match=name):
        WorkerSettings.from_environment(environment)


@pytest.mark.parametrize("slots", ["many", "0", "-1"])
def test_a_number_that_is_none_is_named(slots: str) -> None:
    with pytest.raises(MissingSetting, match="SHOAL_SLOTS"):
        WorkerSettings.from_environment(WHOLE | {"SHOAL_SLOTS": slots})


def test_the_command_line_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SHOAL_API_URL", raising=False)

    assert main(["worker", "run"]) == 2
    assert "SHOAL_" in capsys.readouterr().err
