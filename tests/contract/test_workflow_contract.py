from examples import fresh_id
from worlds import World

from shoal.ports import ExecutionStatus


def test_a_started_execution_runs(world: World) -> None:
    job = fresh_id()

    world.workflow.start(job, 1, 1)

    execution = world.workflow.describe(job, 1, 1)
    assert execution is not None
    assert execution.status is ExecutionStatus.RUNNING
    assert execution.stopped_at is None


def test_a_second_start_of_one_name_counts_as_started(world: World) -> None:
    job = fresh_id()

    world.workflow.start(job, 1, 1)
    world.workflow.start(job, 1, 1)

    assert world.workflow.describe(job, 1, 1) is not None


def test_generations_and_successors_are_executions_of_their_own(world: World) -> None:
    job = fresh_id()
    world.workflow.start(job, 1, 1)

    assert world.workflow.describe(job, 1, 2) is None
    assert world.workflow.describe(job, 2, 1) is None


def test_an_answer_to_a_token_that_nobody_waits_on_is_left_alone(world: World) -> None:
    world.workflow.answer("AAAAKgAAAAIAAAAAAAAAAQ")
