"""Whole jobs with random faults: duplicates, lost answers, dead and frozen workers."""

import pytest

from shoal.domain.chunk import Chunk
from shoal.domain.job import JobStatus, Repeat, Spec
from shoal.domain.retry import RetryPolicy
from tests.chaos.scenarios import SCENARIOS, play
from tests.chaos.simulated_cloud import FaultRates, SimulatedCloud

DUPLICATES = FaultRates(copies=2, lost_answers=0.2)
ALL_FAULTS = FaultRates(
    copies=2, lost_answers=0.2, deaths=0.1, freezes=0.1, partial=0.3, handed_back=0.1
)


def run_job(rates: FaultRates, seed: int, *, window: int | None = None) -> SimulatedCloud:
    cloud = SimulatedCloud(
        rates, seed=seed, fails=lambda index, attempt: (index + attempt) % 5 == 0
    )
    spec = Spec(
        task_type="noop",
        source=Repeat(500),
        chunk_size=7,
        retry=RetryPolicy(max_attempts=3),
        max_parallelism=window,
    )
    cloud.submit(spec)
    cloud.run()
    return cloud


@pytest.mark.parametrize("seed", range(10))
def test_duplicates_and_lost_answers_count_nothing_twice(seed: int) -> None:
    cloud = run_job(DUPLICATES, seed)

    assert cloud.findings() == []
    assert cloud.job.status is JobStatus.COMPLETED
    assert cloud.job.counts is not None
    assert cloud.job.counts.completed == 500


@pytest.mark.parametrize("window", [None, 4])
@pytest.mark.parametrize("seed", range(10))
def test_random_faults_lose_nothing(seed: int, window: int | None) -> None:
    cloud = run_job(ALL_FAULTS, seed, window=window)

    assert cloud.findings() == []
    assert cloud.leases < 30 * cloud.job.chunks


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_random_faults_during_user_actions(scenario: str) -> None:
    found = {seed: play(scenario, ALL_FAULTS, seed=seed).findings() for seed in range(30)}

    assert {seed: findings for seed, findings in found.items() if findings} == {}


@pytest.fixture
def no_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accept every report, whatever its epoch, its worker and its token."""
    monkeypatch.setattr(Chunk, "is_stale", lambda *_args: False)
    monkeypatch.setattr(Chunk, "held_by", lambda *_args: True)


@pytest.mark.usefixtures("no_fence")
def test_without_the_fence_the_consistency_check_fails() -> None:
    findings = [each for seed in range(10) for each in run_job(ALL_FAULTS, seed).findings()]

    assert any("was accepted after" in finding for finding in findings)
    assert any("with no part of the worker that held it" in finding for finding in findings)
