"""Bodies of reasons and of queue depths."""

from typing import Annotated

from pydantic import BaseModel, Field

from shoal.domain.job import Priority
from shoal.domain.why import Fact, ReasonCode


class ReasonBody(BaseModel):
    """A reason: a code, a sentence and its values (`facts`). Times are RFC 3339."""

    code: ReasonCode
    sentence: str
    facts: dict[str, Fact]


class WhyBody(BaseModel):
    """The reasons that apply, in the order in which to deal with them."""

    id: str
    reasons: Annotated[list[ReasonBody], Field(min_length=1)]


class QueueBody(BaseModel):
    """One queue; approximate numbers of messages from SQS (one message is one chunk).

    `oldest_age` is the age of the oldest message in seconds, a few minutes old; null while no
    message waits, or if it is unknown.
    """

    priority: Priority
    waiting: int
    in_flight: int
    delayed: int
    oldest_age: Annotated[int | None, Field(ge=0)] = None


class QueuesBody(BaseModel):
    """All queues, high priority first; up to a few seconds old."""

    items: list[QueueBody]
