from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from shoal.adapters.aws_errors import AwsError
from shoal.adapters.cloudwatch import CloudWatchQueueAges
from shoal.adapters.memory.clock import FixedClock
from shoal.domain.job import Priority
from tests.contract.aws_services import Aws
from tests.contract.port_sets import Ports

AN_HOUR = 3600.0


def later(clock: FixedClock, hours: int) -> None:
    """Each test has a different hour, because the emulator keeps all metrics."""
    clock.advance(hours * AN_HOUR)


def test_each_queue_with_messages_has_an_age(ports: Ports) -> None:
    later(ports.clock, 1)
    ports.aged(Priority.HIGH, 12.0)
    ports.aged(Priority.LOW, 700.0)

    assert ports.ages.ages([*Priority]) == {Priority.HIGH: 12.0, Priority.LOW: 700.0}
    assert ports.ages.ages([Priority.HIGH, Priority.NORMAL]) == {Priority.HIGH: 12.0}
    assert ports.ages.ages([]) == {}


def test_the_last_minute_measured_counts_and_none_older_than_five(aws: Aws) -> None:
    later(clock := FixedClock(), 2)
    for minutes_ago, seconds in ((4, 900.0), (2, 12.0), (3, 960.0)):
        aws.aged(clock, Priority.HIGH, seconds, minutes_ago)
    aws.aged(clock, Priority.LOW, 12.0, minutes_ago=7)

    ages = CloudWatchQueueAges(aws.cloudwatch, aws.urls, clock)

    assert ages.ages([*Priority]) == {Priority.HIGH: 12.0}


def test_ages_are_cached_for_thirty_seconds(aws: Aws) -> None:
    later(clock := FixedClock(), 3)
    ages = CloudWatchQueueAges(aws.cloudwatch, aws.urls, clock)
    assert ages.ages([Priority.NORMAL]) == {}
    aws.aged(clock, Priority.NORMAL, 90.0)

    clock.advance(29)
    assert ages.ages([Priority.NORMAL]) == {}
    assert ages.ages([Priority.NORMAL, Priority.HIGH]) == {}
    clock.advance(1)

    assert ages.ages([Priority.NORMAL]) == {Priority.NORMAL: 90.0}


def test_one_call_asks_for_all_and_a_refused_one_is_not_repeated_at_once() -> None:
    make: Any = boto3.Session("key", "secret", region_name="us-east-1").client
    client, clock = make("cloudwatch"), FixedClock()
    urls = {each: f"https://queues.example/1/tasks-{each}" for each in Priority}
    ages = CloudWatchQueueAges(client, urls, clock)

    with Stubber(client) as stub:
        stub.add_client_error("get_metric_data", "AccessDenied", http_status_code=403)
        with pytest.raises(AwsError):
            ages.ages([*Priority])
        stub.assert_no_pending_responses()

        assert ages.ages([*Priority]) == {}  # the stub would refuse another call

        clock.advance(30)
        stub.add_response("get_metric_data", {"MetricDataResults": []})
        assert ages.ages([*Priority]) == {}
        stub.assert_no_pending_responses()
