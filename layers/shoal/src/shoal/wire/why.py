"""Why something does not run, and how deep the queues are, as bodies."""

from typing import Annotated

from pydantic import BaseModel, Field

from shoal.domain.job import Priority
from shoal.domain.why import Fact, ReasonCode


class ReasonBody(BaseModel):
    """One reason: `facts` has what the sentence says, as data; times are RFC 3339."""

    code: ReasonCode
    sentence: str
    facts: dict[str, Fact]


class WhyBody(BaseModel):
    """The reasons that hold, first what must be dealt with first."""

    id: str
    reasons: Annotated[list[ReasonBody], Field(min_length=1)]


class QueueBody(BaseModel):
    """One queue, in messages (one message is one chunk), as SQS counts them: approximately.

    `oldest_age` is for how many seconds the oldest has been there, a few minutes ago; null while
    nothing waits, and if it is not known.
    """

    priority: Priority
    waiting: int
    in_flight: int
    delayed: int
    oldest_age: Annotated[int | None, Field(ge=0)] = None


class QueuesBody(BaseModel):
    """All queues, high priority first; up to a few seconds old."""

    items: list[QueueBody]
