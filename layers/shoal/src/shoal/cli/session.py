"""What every command shares: the client, made when it is first needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shoal.settings import ClientSettings

if TYPE_CHECKING:  # they cost more than most commands may take to start
    from shoal.client.profile import Profile
    from shoal.client.sync_client import Shoal


@dataclass(slots=True)
class Session:
    """One call of `shoal`; `name` is the profile that its flag names."""

    worker: Callable[[list[str]], int]
    name: str | None = None
    _shoal: Shoal | None = field(default=None, repr=False)

    @property
    def profile(self) -> Profile:
        """Whom to ask, and as whom."""
        from shoal.client.profile import load_profile  # noqa: PLC0415 - loaded on first use

        return load_profile(ClientSettings.from_environment(), self.name)

    @property
    def shoal(self) -> Shoal:
        """The client."""
        if self._shoal is None:
            _spare_httpx_its_own_command_line()
            from shoal.client.sync_client import Shoal  # noqa: PLC0415 - loaded on first use

            profile = self.profile
            self._shoal = Shoal(profile.api_url, profile.tokens())
        return self._shoal

    def close(self) -> None:
        """Close the client, if there is one."""
        if self._shoal is not None:
            self._shoal.close()


def _spare_httpx_its_own_command_line() -> None:
    """Have httpx find it missing: where click is installed it loads that, rich and pygments for it.

    That would be a third of what it takes to start `shoal list`.
    """
    if "httpx" not in sys.modules:
        sys.modules["httpx._main"] = None  # type: ignore[assignment]  # it is an ImportError then
        import httpx  # noqa: F401, PLC0415 - for its sake

        del sys.modules["httpx._main"]
