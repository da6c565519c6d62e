"""The state of one call of `shoal`: its profile, and a client that is created on first use."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shoal.settings import ClientSettings

if TYPE_CHECKING:  # they import httpx, which `shoal --help` must not load
    from shoal.client.profile import Profile
    from shoal.client.sync_client import Shoal


@dataclass(slots=True)
class Session:
    """The object that all commands share, as `ctx.obj`."""

    run_worker: Callable[[list[str]], int]
    profile_name: str | None = None
    _shoal: Shoal | None = field(default=None, repr=False)

    @property
    def profile(self) -> Profile:
        """The profile that `--profile` or the environment names."""
        from shoal.client.profile import load_profile  # noqa: PLC0415 - loaded on first use

        return load_profile(ClientSettings.from_environment(), self.profile_name)

    @property
    def shoal(self) -> Shoal:
        """The client."""
        if self._shoal is None:
            _import_httpx_without_its_command_line()
            from shoal.client.sync_client import Shoal  # noqa: PLC0415 - loaded on first use

            profile = self.profile
            self._shoal = Shoal(profile.api_url, profile.tokens())
        return self._shoal

    def close(self) -> None:
        """Close the client, if one was created."""
        if self._shoal is not None:
            self._shoal.close()


def _import_httpx_without_its_command_line() -> None:
    """Import httpx without its own command line.

    Where click is installed, httpx imports its command line, and with it click, rich and pygments:
    a third of the start time of `shoal list`.
    """
    if "httpx" not in sys.modules:
        sys.modules["httpx._main"] = None  # type: ignore[assignment]  # the import raises ImportError
        import httpx  # noqa: F401, PLC0415 - imported here so that the next line can clean up

        del sys.modules["httpx._main"]
