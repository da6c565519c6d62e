"""The scripts of the chapters, by name."""

from collections.abc import Mapping
from typing import Final

from tests.compat.recorder import Script
from tests.compat.scripts import outside, running, steering, submitting

CHAPTERS: Final[Mapping[str, Script]] = {
    "sources": submitting.sources,
    "lists": submitting.lists,
    "changes": submitting.changes,
    "problems": submitting.problems,
    "reports": running.reports,
    "large": running.large,
    "tokens": running.tokens,
    "keeping": running.keeping,
    "single": running.single,
    "windows": running.windows,
    "crashes": running.crashes,
    "letters": running.letters,
    "pauses": steering.pauses,
    "retries": steering.retries,
    "canaries": steering.canaries,
    "many": steering.many,
    "waiting": steering.waiting,
    "reasons": steering.reasons,
    "expiry": steering.expiry,
    "webhooks": outside.webhooks,
    "events": outside.events,
    "live": outside.live,
    "exports": outside.exports,
    "tenants": outside.tenants,
}
