"""The deployed packages and images are pinned by hash."""

import json
import re
from pathlib import Path

import pytest

from eks.deploy import PYTHON_IMAGE

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "worker_image" / "Dockerfile").read_text()
LOCKS = (
    "layers/shoal/requirements.txt",
    "worker_image/requirements.txt",
    "worker_image/build.txt",
    *(str(file.relative_to(ROOT)) for file in sorted((ROOT / "requirements").glob("*.txt"))),
)


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_is_locked_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    packages = [line for line in text.splitlines() if re.match("[A-Za-z0-9]", line)]

    unpinned = [line for line in packages if "==" not in line or "--hash=sha256:" not in line]

    assert packages
    assert unpinned == []


@pytest.mark.parametrize("lock", ["frontend/package-lock.json", "tooling/package-lock.json"])
def test_each_package_of_node_is_locked_with_a_hash(lock: str) -> None:
    packages = json.loads((ROOT / lock).read_text())["packages"]

    loose = [name for name, each in packages.items() if name and not each.get("integrity")]

    assert loose == []


def test_each_stage_of_the_image_takes_the_digest_of_its_base() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert f"ARG PYTHON_IMAGE={PYTHON_IMAGE}\n" in DOCKERFILE
    assert set(stages) == {"${PYTHON_IMAGE}${PYTHON_DIGEST}"}
