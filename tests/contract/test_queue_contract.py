from shoal.adapters.sqs import SqsTaskQueue
from shoal.domain.job import Priority
from shoal.ports.queues import Depth, Message
from tests.contract.aws_services import Aws
from tests.contract.examples import fresh_id
from tests.contract.port_sets import Ports, on_aws


def by_chunk(message: dict[str, int]) -> int:
    return message["chunk"]


def test_every_message_arrives_as_ids_only(ports: Ports) -> None:
    job = fresh_id()

    ports.queue.send(Priority.LOW, (Message(job, n) for n in range(23)), tenant="default")

    received = sorted(ports.received(Priority.LOW), key=by_chunk)
    assert received == [{"job": job, "chunk": n} for n in range(23)]


def test_nothing_is_sent_for_no_messages(ports: Ports) -> None:
    ports.queue.send(Priority.HIGH, [], tenant="default")

    assert ports.received(Priority.HIGH) == []


def test_a_message_carries_its_tenant_as_its_group(aws: Aws) -> None:
    on_aws(aws).queue.send(Priority.NORMAL, [Message(fresh_id(), 0)], tenant="acme")

    answer = aws.sqs.receive_message(QueueUrl=aws.urls[Priority.NORMAL], AttributeNames=["All"])
    assert answer["Messages"][0]["Attributes"]["MessageGroupId"] == "acme"


def test_depths_are_those_of_each_queue_high_priority_first(ports: Ports) -> None:
    for priority in Priority:
        ports.received(priority)
    sent = [Message(fresh_id(), n) for n in range(3)]
    ports.queue.send(Priority.LOW, [*sent, Message(fresh_id(), 0, delay=600)], tenant="default")

    depths = ports.depths.depths()

    assert list(depths) == [*Priority]
    assert depths[Priority.LOW] == Depth(waiting=3, in_flight=0, delayed=1)
    assert depths[Priority.HIGH].waiting == 0


def test_depths_are_cached_for_five_seconds(aws: Aws) -> None:
    times = iter([0.0, 4.9, 5.0])
    queue = SqsTaskQueue(aws.sqs, aws.urls, monotonic=lambda: next(times))
    before = queue.depths()[Priority.HIGH].waiting

    queue.send(Priority.HIGH, [Message(fresh_id(), 0)], tenant="default")

    assert queue.depths()[Priority.HIGH].waiting == before
    assert queue.depths()[Priority.HIGH].waiting == before + 1
    aws.received(Priority.HIGH)
