"""The task type of the recorded session."""

from pathlib import Path

from shoal import Retry, task


@task(retry=Retry(max_attempts=2, backoff=0.1))
def thumbnail(key: str, width: int) -> str:
    """Make a small picture of a large one."""
    if not (Path(__file__).parent / "pictures" / key).exists():
        raise FileNotFoundError(f"no picture {key}")
    return f"{width}/{key}"
