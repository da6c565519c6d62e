"""The page of a worker's figures says what the code does."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from shoal.adapters.prometheus import PrometheusMeters
from shoal.settings import WorkerSettings
from shoal.worker.pulse import LONGEST_TURN

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/worker-metrics.md").read_text()
SETTINGS = (ROOT / "layers/shoal/src/shoal/settings.py").read_text()


def test_the_metrics_are_those_that_are_counted() -> None:
    text = PrometheusMeters().text().decode()

    counted = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(text)
        if not family.name.endswith("_created")  # the library's own, beside each counter
    }
    assert set(re.findall(r"`(shoal_\w+)`", PAGE)) == counted


def test_the_variables_are_those_that_a_worker_reads() -> None:
    worker = SETTINGS[SETTINGS.index("class WorkerSettings") :]
    read = set(re.findall(r'"((?:SHOAL|AWS)_[A-Z_]+)"', worker))
    queues = {f"SHOAL_QUEUE_{name}_URL" for name in ("HIGH", "NORMAL", "LOW")}

    named = set(re.findall(r"`((?:SHOAL|AWS)_[A-Z_]+)`", PAGE))

    assert named == read | queues


def test_the_defaults_are_the_codes() -> None:
    told = {"SHOAL_API_URL": "u", "AWS_REGION": "r", "SHOAL_QUEUE_LOW_URL": "q"}

    settings = WorkerSettings.from_environment(told)

    assert f"| {settings.lease_seconds:g} |" in PAGE
    assert f"| {settings.grace_seconds:g} |" in PAGE
    assert f"| {settings.child_tasks:,} |" in PAGE
    assert f"| {settings.child_growth_bytes // 2**20} |" in PAGE
    assert f"within {LONGEST_TURN:g} s" in PAGE
