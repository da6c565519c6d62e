"""The Python client.

    with Shoal.from_profile() as shoal:
        job = shoal.submit("thumbnail", inputs=[{"key": key} for key in keys])
        for state in job.watch():
            print(state.counts)

`AsyncShoal` is the same for asyncio. Errors are in `shoal.client.errors`.
"""

from shoal.client.aio import AsyncJob, AsyncShoal
from shoal.client.errors import ShoalError
from shoal.client.profile import BadProfile, Profile
from shoal.client.sync import Job, Shoal

__all__ = ["AsyncJob", "AsyncShoal", "BadProfile", "Job", "Profile", "Shoal", "ShoalError"]
