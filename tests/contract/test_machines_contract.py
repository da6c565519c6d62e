from tests.contract.examples import EXPIRES_AT, fresh_id
from tests.contract.port_sets import Ports


def test_a_machine_has_the_tenant_that_was_set_last(ports: Ports) -> None:
    client = fresh_id()

    ports.machines.put(client, "a")
    ports.machines.put(client, "b")

    assert ports.machines.tenant_of(client) == "b"


def test_a_removed_machine_has_no_tenant(ports: Ports) -> None:
    client = fresh_id()
    ports.machines.put(client, "a")

    unknown = ports.machines.remove(client + "-2", remembered_until=EXPIRES_AT)
    removed, again = (ports.machines.remove(client, remembered_until=EXPIRES_AT) for _ in range(2))

    assert (unknown, removed, again) == (False, True, True)
    assert ports.machines.tenant_of(client) is None


def test_machines_are_listed_by_client_in_pages(ports: Ports) -> None:
    mine = sorted(fresh_id() for _ in range(5))
    for client in mine:
        ports.machines.put(client, "a")

    found: list[tuple[str, str]] = []
    start, sizes = None, list[int]()
    while True:
        page = ports.machines.page(limit=2, start=start)
        found += page.machines
        sizes.append(len(page.machines))
        start = page.next_key
        if start is None:
            break

    assert found == sorted(found)
    assert [each for each in found if each[0] in mine] == [(client, "a") for client in mine]
    assert max(sizes) == 2
    assert sizes[:-1] == [2] * (len(sizes) - 1)
