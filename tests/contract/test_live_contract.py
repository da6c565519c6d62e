from shoal.domain.live import ALL_JOBS, Connection, LastSent
from tests.contract.examples import fresh_id
from tests.contract.port_sets import Ports


def connected(ports: Ports, tenant: str) -> Connection:
    connection = Connection(fresh_id(), tenant, "ann", int(ports.clock.now()) + 7_200)
    ports.live.connect(connection)
    return connection


def test_a_ticket_is_used_once(ports: Ports) -> None:
    nonce, until = fresh_id(), int(ports.clock.now()) + 60

    used = [ports.live.use_ticket(nonce, remembered_until=until) for _ in range(2)]

    assert used == [True, False]
    assert ports.live.use_ticket(fresh_id(), remembered_until=until)


def test_a_connection_is_known_until_it_closes_or_expires(ports: Ports) -> None:
    tenant = fresh_id()
    first, second = connected(ports, tenant), connected(ports, tenant)

    assert ports.live.connection(first.id) == first
    assert ports.live.connected(tenant, limit=1) == 1
    assert ports.live.connected(tenant, limit=9) == 2
    ports.live.disconnect(first.id, tenant)
    assert ports.live.connection(first.id) is None
    assert ports.live.connected(tenant, limit=9) == 1
    ports.clock.advance(7_200)
    assert ports.live.connection(second.id) is None
    assert ports.live.connected(tenant, limit=9) == 0


def test_subscribers_are_found_by_topic_within_their_tenant(ports: Ports) -> None:
    tenant, job = fresh_id(), fresh_id()
    one, all_jobs = connected(ports, tenant), connected(ports, tenant)

    assert ports.live.subscribe(one, job, most=1)
    assert ports.live.subscribe(one, job, most=1)  # again is no other
    assert ports.live.subscribe(all_jobs, ALL_JOBS, most=1)

    assert ports.live.subscribers(tenant, job) == [one.id]
    assert ports.live.subscribers(tenant, ALL_JOBS) == [all_jobs.id]
    assert ports.live.subscribers(fresh_id(), job) == []


def test_the_topics_of_a_connection_are_limited_and_end_with_it(ports: Ports) -> None:
    tenant, job = fresh_id(), fresh_id()
    connection = connected(ports, tenant)
    assert ports.live.subscribe(connection, fresh_id(), most=1)

    assert not ports.live.subscribe(connection, job, most=1)
    ports.live.disconnect(connection.id, tenant)
    assert not ports.live.subscribe(connection, job, most=9)

    assert ports.live.subscribers(tenant, job) == []


def test_a_closed_connection_has_no_subscription(ports: Ports) -> None:
    tenant, jobs = fresh_id(), [fresh_id(), fresh_id()]
    connection = connected(ports, tenant)
    for job in jobs:
        ports.live.subscribe(connection, job, most=2)

    ports.live.unsubscribe(connection.id, tenant, jobs[0])
    assert [len(ports.live.subscribers(tenant, job)) for job in jobs] == [0, 1]
    assert ports.live.subscribe(connection, fresh_id(), most=2)  # there is room again
    ports.live.disconnect(connection.id, tenant)

    assert ports.live.subscribers(tenant, jobs[1]) == []


def test_unsubscribing_and_leaving_twice_change_nothing(ports: Ports) -> None:
    tenant, job = fresh_id(), fresh_id()
    connection = connected(ports, tenant)
    for _ in range(2):
        ports.live.disconnect(connection.id, tenant)
        ports.live.unsubscribe(connection.id, tenant, job)

    assert ports.live.connection(connection.id) is None


def test_one_publisher_claims_each_version(ports: Ports) -> None:
    job, now = fresh_id(), ports.clock.now() + 0.25
    expires_at = int(now) + 7_200
    first, second = LastSent(1, now, pending=True), LastSent(2**34 + 5, now + 1)

    assert ports.live.last_sent(job) is None
    assert ports.live.record_sent(job, first, before=None, expires_at=expires_at)
    assert not ports.live.record_sent(job, second, before=None, expires_at=expires_at)
    assert ports.live.record_sent(job, second, before=first, expires_at=expires_at)
    assert not ports.live.record_sent(job, LastSent(9, now), before=first, expires_at=expires_at)
    assert ports.live.last_sent(job) == second
