from shoal.domain.job import Priority
from shoal.ports import Message
from tests.contract.examples import fresh_id
from tests.contract.services import Aws
from tests.contract.worlds import World, on_aws


def by_chunk(message: dict[str, int]) -> int:
    return message["chunk"]


def test_every_message_arrives_as_ids_only(world: World) -> None:
    job = fresh_id()

    world.queue.send(Priority.LOW, (Message(job, n) for n in range(23)), tenant="default")

    received = sorted(world.received(Priority.LOW), key=by_chunk)
    assert received == [{"job": job, "chunk": n} for n in range(23)]


def test_nothing_is_sent_for_no_messages(world: World) -> None:
    world.queue.send(Priority.HIGH, [], tenant="default")

    assert world.received(Priority.HIGH) == []


def test_a_message_carries_its_tenant_as_its_group(aws: Aws) -> None:
    on_aws(aws).queue.send(Priority.NORMAL, [Message(fresh_id(), 0)], tenant="acme")

    answer = aws.sqs.receive_message(QueueUrl=aws.urls[Priority.NORMAL], AttributeNames=["All"])
    assert answer["Messages"][0]["Attributes"]["MessageGroupId"] == "acme"
