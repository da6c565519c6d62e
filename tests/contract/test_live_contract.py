from shoal.domain.live import ALL_JOBS, Connection, LastSent, Ticket
from tests.contract.examples import fresh_id
from tests.contract.worlds import World


def connected(world: World, tenant: str) -> Connection:
    connection = Connection(fresh_id(), tenant, "ann", int(world.clock.now()) + 7_200)
    world.live.connect(connection)
    return connection


def test_a_ticket_is_given_out_once(world: World) -> None:
    ticket = Ticket(fresh_id(), "t", "ann", int(world.clock.now()) + 30)
    world.live.put_ticket(ticket)

    taken = [world.live.take_ticket(ticket.key) for _ in range(2)]

    assert taken == [ticket, None]


def test_a_connection_is_known_until_it_closes_or_expires(world: World) -> None:
    tenant = fresh_id()
    first, second = connected(world, tenant), connected(world, tenant)

    assert world.live.connection(first.id) == first
    assert world.live.connected(tenant, limit=1) == 1
    assert world.live.connected(tenant, limit=9) == 2
    world.live.disconnect(first.id, tenant)
    assert world.live.connection(first.id) is None
    assert world.live.connected(tenant, limit=9) == 1
    world.clock.advance(7_200)
    assert world.live.connection(second.id) is None
    assert world.live.connected(tenant, limit=9) == 0


def test_who_subscribed_is_found_by_topic_within_its_tenant(world: World) -> None:
    tenant, job = fresh_id(), fresh_id()
    one, all_jobs = connected(world, tenant), connected(world, tenant)

    assert world.live.subscribe(one, job, most=1)
    assert world.live.subscribe(one, job, most=1)  # again is no other
    assert world.live.subscribe(all_jobs, ALL_JOBS, most=1)

    assert world.live.subscribers(tenant, job) == [one.id]
    assert world.live.subscribers(tenant, ALL_JOBS) == [all_jobs.id]
    assert world.live.subscribers(fresh_id(), job) == []


def test_a_connection_listens_to_so_many_topics_and_a_gone_one_to_none(world: World) -> None:
    tenant, job = fresh_id(), fresh_id()
    connection = connected(world, tenant)
    assert world.live.subscribe(connection, fresh_id(), most=1)

    assert not world.live.subscribe(connection, job, most=1)
    world.live.disconnect(connection.id, tenant)
    assert not world.live.subscribe(connection, job, most=9)

    assert world.live.subscribers(tenant, job) == []


def test_who_left_hears_nothing_more(world: World) -> None:
    tenant, jobs = fresh_id(), [fresh_id(), fresh_id()]
    connection = connected(world, tenant)
    for job in jobs:
        world.live.subscribe(connection, job, most=2)

    world.live.unsubscribe(connection.id, tenant, jobs[0])
    assert [len(world.live.subscribers(tenant, job)) for job in jobs] == [0, 1]
    assert world.live.subscribe(connection, fresh_id(), most=2)  # there is room again
    world.live.disconnect(connection.id, tenant)

    assert world.live.subscribers(tenant, jobs[1]) == []


def test_unsubscribing_and_leaving_twice_change_nothing(world: World) -> None:
    tenant, job = fresh_id(), fresh_id()
    connection = connected(world, tenant)
    for _ in range(2):
        world.live.disconnect(connection.id, tenant)
        world.live.unsubscribe(connection.id, tenant, job)

    assert world.live.connection(connection.id) is None


def test_a_version_is_told_over_the_one_before_by_one_alone(world: World) -> None:
    job, now = fresh_id(), world.clock.now() + 0.25
    expires_at = int(now) + 7_200
    first, second = LastSent(1, now), LastSent(2**34 + 5, now + 1)

    assert world.live.last_sent(job) is None
    assert world.live.record_sent(job, first, before=None, expires_at=expires_at)
    assert not world.live.record_sent(job, second, before=None, expires_at=expires_at)
    assert world.live.record_sent(job, second, before=first, expires_at=expires_at)
    assert not world.live.record_sent(job, LastSent(9, now), before=first, expires_at=expires_at)
    assert world.live.last_sent(job) == second
