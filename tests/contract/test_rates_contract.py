from concurrent.futures import ThreadPoolExecutor

from shoal.adapters.dynamodb.rates import DynamoRateStore
from shoal.adapters.dynamodb.registry import Registry
from shoal.domain.limits import Rate
from tests.contract.aws_services import Aws
from tests.contract.examples import fresh_id
from tests.contract.port_sets import Ports

RATE = Rate(name="test_rate", per_second=2, burst=3)
NOW = 1_800_000_000_000_000
SECOND = 1_000_000


def test_a_bucket_has_its_burst_and_fills_at_its_rate(ports: Ports) -> None:
    tenant = fresh_id()

    taken = [ports.rates.take(tenant, RATE, NOW) for _ in range(4)]

    assert taken == [None, None, None, NOW + 3 * SECOND // 2]
    assert RATE.retry_after(NOW + 3 * SECOND // 2, NOW) == 1
    assert ports.rates.take(tenant, RATE, NOW + SECOND // 2) is None
    assert ports.rates.take(tenant, RATE, NOW + SECOND // 2) is not None


def test_a_full_bucket_holds_no_more_than_its_burst(ports: Ports) -> None:
    tenant = fresh_id()
    ports.rates.take(tenant, RATE, NOW)

    later = [ports.rates.take(tenant, RATE, NOW + 60 * SECOND) for _ in range(4)]

    assert later[:3] == [None] * 3
    assert later[3] is not None


def test_tenants_and_rates_have_separate_buckets(ports: Ports) -> None:
    tenant, other = fresh_id(), Rate(name="other_rate", per_second=2, burst=3)
    for _ in range(4):
        ports.rates.take(tenant, RATE, NOW)

    assert ports.rates.take(tenant, RATE, NOW) is not None
    assert ports.rates.take(tenant, other, NOW) is None
    assert ports.rates.take(fresh_id(), RATE, NOW) is None


def test_concurrent_requests_take_no_more_than_the_burst(on_ministack: Aws) -> None:
    rates = DynamoRateStore(Registry(on_ministack.dynamodb, "registry"))
    tenant, rate = fresh_id(), Rate(name="test_rate", per_second=1, burst=5)

    with ThreadPoolExecutor(8) as threads:
        taken = [*threads.map(lambda _: rates.take(tenant, rate, NOW), range(16))]

    assert taken.count(None) == 5
