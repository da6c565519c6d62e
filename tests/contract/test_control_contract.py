"""Verbs on what is no job, in the words of the port and of the tables alike."""

import pytest

from shoal.adapters.memory import RecordingMetrics
from shoal.domain.errors import JobNotFound
from shoal.domain.tally import Tally
from shoal.service.control import Control
from shoal.service.settling import Settling
from tests.contract.examples import EXPIRES_AT, a_job
from tests.contract.worlds import World


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry"])
@pytest.mark.parametrize("name", ["{job}#tally#0", "{job}#sums#1", "", "x", "{job}x", "x" * 3_000])
def test_a_key_that_is_no_job_s_is_no_job(world: World, verb: str, name: str) -> None:
    job = a_job()
    world.jobs.create(job)
    world.jobs.create_tallies([Tally(job.id, 0, {})], expires_at=EXPIRES_AT)
    settling = Settling(
        world.jobs, world.chunks, world.queue, world.workflow, world.clock, RecordingMetrics()
    )
    control = Control(world.jobs, world.workflow, settling, world.clock, retention=60)

    with pytest.raises(JobNotFound):
        getattr(control, verb)(job.tenant, name.format(job=job.id))

    assert world.jobs.get(job.id) == job
