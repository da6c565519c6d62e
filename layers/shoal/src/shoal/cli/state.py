"""What options before the command say, and the client that it makes of them when one is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from shoal.client import Shoal


@dataclass
class State:
    """Which deployment, and who signs in."""

    profile: str | None = None
    flags: dict[str, str] = field(default_factory=dict)

    def shoal(self) -> Shoal:
        """A client; the import of what it needs costs more than all the rest of a command."""
        from shoal.client import Shoal

        return Shoal.from_profile(self.profile, **self.flags)


def shoal_of(context: typer.Context) -> Shoal:
    """The client of this call, closed when the command ends."""
    state = context.find_object(State)
    assert state is not None  # noqa: S101 - `app` sets it
    client: Shoal = context.with_resource(state.shoal())
    return client
