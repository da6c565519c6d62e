from dataclasses import replace

from shoal.domain.workers import Worker
from tests.contract.aws_services import Aws
from tests.contract.examples import NOW, fresh_id
from tests.contract.port_sets import Ports, on_aws


def a_worker(name: str | None = None) -> Worker:
    return Worker(
        name=name or f"w-{fresh_id()}",
        types=("cpu", "noop"),
        seen_at=NOW + 0.25,
        started_at=NOW - 3.5,
        every=60.0,
        version="1.2",
        image="shoal-worker:1",
        digest="sha256:0",
        host="ünïcode",
        slots=2,
        queues=("high", "low"),
    )


def known(ports: Ports, *, limit: int = 100) -> list[Worker]:
    """Return all workers, page by page."""
    found, page = list[Worker](), ports.workers.page(limit=limit, start=None)
    while page.next_key is not None:
        found += page.workers
        page = ports.workers.page(limit=limit, start=page.next_key)
    return [*found, *page.workers]


def named(ports: Ports, name: str) -> Worker:
    (found,) = [worker for worker in known(ports) if worker.name == name]
    return found


def test_a_worker_is_stored_with_all_its_fields(ports: Ports) -> None:
    full = a_worker()
    bare = Worker(name=f"w-{fresh_id()}", types=(), seen_at=NOW, started_at=NOW)

    for worker in (full, bare):
        ports.workers.record(worker)

    assert named(ports, full.name) == full
    assert named(ports, bare.name) == bare


def test_a_later_report_of_a_worker_replaces_the_last(ports: Ports) -> None:
    first = a_worker()
    second = replace(first, number=2, seen_at=NOW + 60, left=True)

    for said in (first, second):
        ports.workers.record(said)

    assert named(ports, first.name) == second


def test_a_late_or_repeated_report_changes_nothing(ports: Ports) -> None:
    first = a_worker()
    goodbye = replace(first, number=3, left=True)

    for said in (goodbye, replace(first, number=2), replace(goodbye, left=False)):
        ports.workers.record(said)

    assert named(ports, first.name) == goodbye


def test_a_restarted_worker_is_listed_again(ports: Ports) -> None:
    goodbye = replace(a_worker(), number=9, left=True)
    anew = replace(goodbye, number=1, started_at=NOW, left=False)

    for said in (goodbye, anew, replace(goodbye, number=10)):
        ports.workers.record(said)

    assert named(ports, anew.name) == anew


def test_pages_go_by_name_and_miss_none(ports: Ports) -> None:
    workers = [a_worker() for _ in range(5)]
    for worker in workers:
        ports.workers.record(worker)

    found = [worker.name for worker in known(ports, limit=2)]

    assert found == sorted(found)
    assert {worker.name for worker in workers} <= set(found)


def test_the_row_of_a_worker_expires_days_after_its_last_report(aws: Aws) -> None:
    worker = a_worker()

    on_aws(aws).workers.record(worker)

    key = {"pk": {"S": "worker"}, "sk": {"S": worker.name}}
    row = aws.dynamodb.get_item(TableName="registry", Key=key)["Item"]
    assert row["expires_at"] == {"N": str(int(NOW) + 3 * 86_400)}
