"""Small jobs that use every use-case, and the actions of their users."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from shoal.domain.job import JobStatus, Repeat, Spec
from shoal.domain.retry import RetryPolicy
from tests.chaos.process_stops import StopPoint
from tests.chaos.simulated_cloud import FaultRates, SimulatedCloud

type Script = Callable[[SimulatedCloud], None]

SMALL = Spec(task_type="noop", source=Repeat(7), chunk_size=2, retry=RetryPolicy(max_attempts=2))
WINDOW = replace(SMALL, max_parallelism=2)


def fails(index: int, attempt: int) -> bool:
    """Fail tasks 1 and 4 once, and task 2 always."""
    return (index in {1, 4} and attempt == 1) or index == 2


def nothing(_cloud: SimulatedCloud) -> None:
    """Do nothing."""


def retry(cloud: SimulatedCloud) -> None:
    """Retry the job when it has failed."""
    cloud.once(lambda: cloud.job.status is JobStatus.FAILED, lambda: cloud.user(0.5, "retry"))


def cancel(after: float) -> Script:
    """Cancel the job some time after its submit."""
    return lambda cloud: cloud.user(after, "cancel")


def pause(cloud: SimulatedCloud) -> None:
    """Pause the running job and resume it later."""
    cloud.user(2.0, "pause")
    cloud.user(30.0, "resume")


def cancel_the_retry(cloud: SimulatedCloud) -> None:
    """Cancel the job just after its retry."""
    retry(cloud)
    cloud.once(lambda: cloud.job.generation == 2, lambda: cloud.user(0.2, "cancel"))


SCENARIOS: Mapping[str, tuple[Spec, Script]] = {
    "without actions": (SMALL, nothing),
    "with a window": (WINDOW, nothing),
    "retried": (SMALL, retry),
    "retried with a window": (WINDOW, retry),
    "cancelled during planning": (SMALL, cancel(0.25)),
    "cancelled while running": (SMALL, cancel(2.0)),
    "cancelled with a window": (WINDOW, cancel(3.0)),
    "paused and resumed": (WINDOW, pause),
    "stopped by max_failed": (replace(SMALL, max_failed=0, max_parallelism=1), nothing),
    "ended by its deadline": (replace(SMALL, deadline=1_800_000_004.0), nothing),
    "cancelled after its retry": (SMALL, cancel_the_retry),
}


def play(
    scenario: str, rates: FaultRates, *, seed: int = 1, stop_point: StopPoint | None = None
) -> SimulatedCloud:
    """Run a scenario to its end."""
    spec, script = SCENARIOS[scenario]
    cloud = SimulatedCloud(rates, seed=seed, stop_point=stop_point, fails=fails)
    cloud.submit(spec)
    script(cloud)
    cloud.run()
    return cloud
