import pytest

from shoal.domain.job import Priority
from shoal.settings import FunctionSettings, MissingSetting


def test_settings_of_the_template_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOAL_JOBS_TABLE", "jobs-1")
    for priority in Priority:
        monkeypatch.setenv(f"SHOAL_QUEUE_{priority.upper()}_URL", f"http://q/{priority}")
    monkeypatch.setenv("SHOAL_LEASE_SECONDS", "2.5")
    monkeypatch.setenv("SHOAL_RETENTION_DAYS", "1")

    settings = FunctionSettings.from_environment()

    assert settings.jobs_table == "jobs-1"
    assert settings.queue_urls[Priority.LOW] == "http://q/low"
    assert settings.lease_seconds == 2.5
    assert settings.retention_seconds == 86_400


def test_a_missing_setting_is_named_when_it_is_read() -> None:
    with pytest.raises(MissingSetting, match="SHOAL_TASKS_TABLE"):
        _ = FunctionSettings({}).tasks_table


def test_settings_do_not_show_their_values() -> None:
    assert "hidden" not in repr(FunctionSettings({"SECRET": "hidden"}))
