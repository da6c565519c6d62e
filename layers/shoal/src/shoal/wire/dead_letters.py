"""Bodies of dead letters."""

from shoal.domain import ids
from shoal.domain.dead_letter import DeadCause, DeadLetters
from shoal.wire.bodies import ResponseBody
from shoal.wire.fields import Time
from shoal.wire.times import rfc3339


class DeadLetterExampleBody(ResponseBody):
    """An example: the chunk, its first task, and the receive count of its message."""

    chunk: int
    task_id: str
    receives: int
    at: Time


class DeadLetterLinks(ResponseBody):
    """Links to the failures of the job and to its retry."""

    job: str
    failures: str
    retry: str


class DeadLettersBody(ResponseBody):
    """Dead letters of a job with one cause; `receives` is the maximum."""

    job_id: str
    cause: DeadCause
    sentence: str
    count: int
    receives: int
    first_at: Time
    last_at: Time
    examples: list[DeadLetterExampleBody]
    links: DeadLetterLinks


class DeadLetterPageBody(ResponseBody):
    """A page of dead letters, newest first; a null `next_token` ends the list."""

    items: list[DeadLettersBody]
    next_token: str | None = None


def dead_letters_body(letters: DeadLetters) -> DeadLettersBody:
    """Return the body of the dead letters of one job and cause."""
    path = f"/api/v1/jobs/{letters.job_id}"
    return DeadLettersBody(
        job_id=letters.job_id,
        cause=letters.cause,
        sentence=letters.cause.sentence,
        count=letters.count,
        receives=letters.receives,
        first_at=rfc3339(letters.first_at),
        last_at=rfc3339(letters.last_at),
        examples=[
            DeadLetterExampleBody(
                chunk=each.chunk,
                task_id=ids.task_id(letters.job_id, each.task),
                receives=each.receives,
                at=rfc3339(each.at),
            )
            for each in letters.examples
        ],
        links=DeadLetterLinks(job=path, failures=f"{path}/failures", retry=f"{path}/retry"),
    )
