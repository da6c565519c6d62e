from collections.abc import Sequence
from dataclasses import replace

import pytest

from shoal.domain.dead_letter import DeadCause, DeadLetter, DeadLetters
from shoal.domain.errors import WriteConflict
from tests.contract.examples import NOW, a_job, fresh_id
from tests.contract.port_sets import Ports


def a_letter(chunk: int = 0, *, at: float = NOW) -> DeadLetter:
    return DeadLetter(chunk=chunk, task=chunk * 10, receives=4, at=at)


def letters(
    *, tenant: str = "t", cause: DeadCause = DeadCause.UNFINISHED, at: float = NOW
) -> DeadLetters:
    return DeadLetters.first(a_job(tenant=tenant), cause, a_letter(at=at))


def in_pages(ports: Ports, tenant: str, *, limit: int) -> list[DeadLetters]:
    found, start = list[DeadLetters](), None
    while True:
        page = ports.dead_letters.of_tenant(tenant, limit=limit, start=start)
        found += page.letters
        start = page.next_key
        if start is None:
            return found


def of_job(ports: Ports, job_id: str) -> Sequence[DeadLetters]:
    return sorted(ports.dead_letters.of_job(job_id), key=lambda each: each.cause)


def test_nothing_is_known_of_a_job_without_dead_letters(ports: Ports) -> None:
    assert ports.dead_letters.get(fresh_id(), DeadCause.HELD) is None
    assert [*ports.dead_letters.of_job(fresh_id())] == []


def test_they_are_found_by_job_and_cause_and_by_tenant(ports: Ports) -> None:
    tenant = fresh_id()
    one = letters(tenant=tenant)
    other = replace(one, cause=DeadCause.HELD)

    ports.dead_letters.put(one)
    ports.dead_letters.put(other)

    assert ports.dead_letters.get(one.job_id, DeadCause.UNFINISHED) == one
    assert of_job(ports, one.job_id) == [other, one]
    assert {each.cause for each in in_pages(ports, tenant, limit=10)} == {one.cause, other.cause}


def test_a_repeated_dead_letter_replaces_its_count(ports: Ports) -> None:
    tenant = fresh_id()
    one = letters(tenant=tenant)
    two = one.with_letter(a_letter(1, at=NOW + 5))

    ports.dead_letters.put(one)
    ports.dead_letters.put(two)

    assert of_job(ports, one.job_id) == [two]
    assert in_pages(ports, tenant, limit=10) == [two]


def test_one_of_two_concurrent_writes_conflicts(ports: Ports) -> None:
    one = letters()
    ports.dead_letters.put(one)

    with pytest.raises(WriteConflict):
        ports.dead_letters.put(one)
    ports.dead_letters.put(one.with_letter(a_letter(1)))
    with pytest.raises(WriteConflict):
        ports.dead_letters.put(one.with_letter(a_letter(2)))


def test_pages_go_from_the_newest_to_the_oldest_and_miss_none(ports: Ports) -> None:
    tenant = fresh_id()
    written = [letters(tenant=tenant, at=NOW + number) for number in range(5)]
    for each in written:
        ports.dead_letters.put(each)

    assert in_pages(ports, tenant, limit=2) == written[::-1]
    assert in_pages(ports, tenant, limit=5) == written[::-1]


def test_dead_letters_of_another_tenant_are_not_listed(ports: Ports) -> None:
    tenant = fresh_id()
    ports.dead_letters.put(letters(tenant=f"{tenant}-2"))

    assert in_pages(ports, tenant, limit=10) == []
