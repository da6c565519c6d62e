"""Limits the rate of a tenant's requests that start or change work."""

from dataclasses import dataclass
from typing import Final

from shoal.domain.errors import LimitReached
from shoal.domain.limits import Rate
from shoal.ports.clock import Clock
from shoal.ports.rates import RateStore

_EXPORTS: Final = Rate(name="export_rate", per_second=0.5, burst=20)
_UPLOADS: Final = Rate(name="upload_rate", per_second=5, burst=100)
_TICKETS: Final = Rate(name="ticket_rate", per_second=20, burst=1_000)
_RETRIES: Final = Rate(name="retry_rate", per_second=10, burst=100)
_BULK: Final = Rate(name="bulk_rate", per_second=0.5, burst=20)
_WEBHOOKS: Final = Rate(name="webhook_rate", per_second=1, burst=50)
_WEBHOOK_TESTS: Final = Rate(name="webhook_test_rate", per_second=0.2, burst=10)
_SINGLE_TASKS: Final = Rate(name="single_task_rate", per_second=100, burst=1_000)
_CHANGES: Final = Rate(name="change_rate", per_second=50, burst=500)

RATES: Final = {
    "exportResults": _EXPORTS,
    "uploadInputs": _UPLOADS,
    "openLive": _TICKETS,
    "retryJob": _RETRIES,
    "resumeJob": _RETRIES,
    "beginBulkAction": _BULK,
    "addWebhook": _WEBHOOKS,
    "rotateWebhook": _WEBHOOKS,
    "testWebhook": _WEBHOOK_TESTS,
    "runTask": _SINGLE_TASKS,
    "completeTask": _SINGLE_TASKS,
    "failTask": _SINGLE_TASKS,
    "cancelJob": _CHANGES,
    "pauseJob": _CHANGES,
    "changeJob": _CHANGES,
    "deleteJob": _CHANGES,
    "discardFailures": _CHANGES,
    "abortBulkAction": _CHANGES,
    "removeWebhook": _CHANGES,
}
"""The rate of each operation; submits have the tenant's own rate, which Admission enforces."""


@dataclass(frozen=True, slots=True)
class RequestRates:
    """Counts requests per tenant and rate, including those that are rejected later."""

    store: RateStore
    clock: Clock

    def admit(self, tenant: str, operation: str) -> None:
        """Count a request; raise LimitReached if the rate of its operation is exceeded."""
        rate = RATES.get(operation)
        if rate is None:
            return
        now = int(self.clock.now() * 1_000_000)
        full_at = self.store.take(tenant, rate, now)
        if full_at is not None:
            detail = (
                f"more than {rate.burst} requests at once,"
                f" or {rate.per_second:g} per second on average"
            )
            raise LimitReached(rate.name, detail, rate.retry_after(full_at, now))
