"""Where a contestant finds its broker. Contestants are configured when they are imported, in
environments that lack Shoal, so this reads the environment itself.
"""

import os
from typing import Final

ENDPOINT: Final = os.environ.get("BENCH_SQS", "")  # noqa: TID251 - there are no settings here
REDIS_PORT: Final = int(os.environ.get("BENCH_REDIS_PORT", "0"))  # noqa: TID251 - there are no settings here
REGION: Final = "us-east-1"
