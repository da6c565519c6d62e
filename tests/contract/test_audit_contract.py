from collections.abc import Callable
from dataclasses import replace
from functools import partial

from shoal.domain.audit_event import Action, AuditEvent
from shoal.ports.audit import AuditPage
from tests.contract.examples import EXPIRES_AT, NOW, fresh_id
from tests.contract.port_sets import Ports


def an_act(job: str, *, tenant: str = "t", number: int = 0, who: str = "ann") -> AuditEvent:
    return AuditEvent(
        f"a{number}", tenant, who, Action.PAUSE, job, NOW + number, {"why": "ünïcode"}
    )


def added(ports: Ports, *acts: AuditEvent) -> None:
    for act in acts:
        ports.audit.add(act, expires_at=EXPIRES_AT)


def read_in_pages(page_from: Callable[..., AuditPage]) -> list[AuditEvent]:
    found: list[AuditEvent] = []
    page = page_from(start=None)
    while page.next_key is not None:
        found += page.events
        page = page_from(start=page.next_key)
    return [*found, *page.events]


def test_an_act_is_found_by_its_job_and_by_its_tenant(ports: Ports) -> None:
    tenant, job = fresh_id(), fresh_id()
    act = an_act(job)
    theirs = an_act(fresh_id(), tenant=tenant)

    added(ports, act, theirs)

    assert ports.audit.of_job(job, limit=10, start=None) == ([act], None)
    assert ports.audit.of_tenant(tenant, limit=10, start=None) == ([theirs], None)


def test_an_event_without_a_job_is_found_by_its_tenant(ports: Ports) -> None:
    tenant = fresh_id()
    act = replace(an_act("", tenant=tenant), job_id=None)

    added(ports, act, act)

    assert ports.audit.of_tenant(tenant, limit=10, start=None) == ([act], None)


def test_pages_go_from_the_newest_to_the_oldest_and_miss_none(ports: Ports) -> None:
    job, tenant = fresh_id(), fresh_id()
    acts = [an_act(job, tenant=tenant, number=number) for number in range(5)]
    added(ports, *acts)

    of_job = partial(ports.audit.of_job, job, limit=2)
    of_tenant = partial(ports.audit.of_tenant, tenant, limit=2)

    assert read_in_pages(of_job) == acts[::-1]
    assert read_in_pages(of_tenant) == acts[::-1]


def test_an_act_written_again_stays_as_it_was_first(ports: Ports) -> None:
    job = fresh_id()
    first, second = an_act(job, who="ann"), an_act(job, who="bob")

    added(ports, first, second)

    assert ports.audit.of_job(job, limit=10, start=None).events == [first]
