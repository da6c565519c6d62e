"""The worker image: its Dockerfile, and the image after `make image`."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.manifests import Manifests

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "worker_image" / "Dockerfile").read_text()
STAGES = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
IMAGE = "shoal-worker:local"
LOCKED_DOWN = (
    *("--rm", "--read-only", "--tmpfs", "/tmp", "--network", "none"),  # noqa: S108 - inside the pod
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)
ORPHAN = """
import os, time
if not os.fork():
    if not os.fork():
        time.sleep(0.2)
        os._exit(0)
    os._exit(0)
os.wait()
time.sleep(1)
pids = filter(str.isdigit, os.listdir('/proc'))
states = [open(f'/proc/{pid}/stat').read().split()[2] for pid in pids]
print(states.count('Z'), len(states))
"""


def test_dockerfile_needs_no_buildkit() -> None:
    assert not re.search(r"--mount|<<|^#\s*syntax=|--link|--chmod", DOCKERFILE, re.MULTILINE)


def test_both_stages_accept_a_base_digest() -> None:
    assert [stage.split()[0] for stage in STAGES] == ["${PYTHON_IMAGE}${PYTHON_DIGEST}"] * 2


def test_build_environment_is_not_copied() -> None:
    final = STAGES[-1]

    assert set(re.findall(r"COPY (?:--from=build )?(\S+)", final)) == {"/opt/venv", "/app"}
    assert not re.search(r"^RUN", final, re.MULTILINE)


def test_image_and_pod_use_the_same_numeric_user() -> None:
    (user,) = re.findall(r"^USER (\d+):\1$", DOCKERFILE, re.MULTILINE)
    workers = Manifests.read((ROOT / "eks" / "base" / "workers.yaml").read_text())

    assert int(user) > 10_000
    assert workers.pod()["spec"]["securityContext"]["runAsUser"] == int(user)


def test_init_process_is_not_readable() -> None:
    """Otherwise a task reads the environment of the pod in /proc/1/environ."""
    assert re.search(r'^ENTRYPOINT \["dumb-init"', STAGES[-1], re.MULTILINE)
    assert "chmod 0111 /opt/venv/bin/dumb-init\n" in STAGES[0]


def test_all_dependencies_are_locked() -> None:
    installs = re.findall(
        r"(?:pip|python) install (.*?)(?: &&|\n\n|\n(?=COPY|RUN))", DOCKERFILE, re.DOTALL
    )

    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-deps" in each for each in installs)


# The built image


def docker(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        ["docker", *words],  # noqa: S607 - found on the PATH
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built() -> str:
    if not shutil.which("docker") or docker("image", "inspect", IMAGE).returncode:
        pytest.skip(f"there is no image {IMAGE}: `make image` builds it where there is an engine")
    return IMAGE


def test_image_runs_read_only_as_an_unprivileged_user(built: str) -> None:
    result = docker("run", *LOCKED_DOWN, built, "worker", "run", "--help")

    assert result.returncode == 0, result.stderr
    assert "--until-empty" in result.stdout


def test_container_without_settings_names_the_missing_variable(built: str) -> None:
    result = docker("run", *LOCKED_DOWN, built)

    assert result.returncode == 2
    assert "SHOAL_QUEUE_NORMAL_URL" in result.stderr


def test_built_in_types_are_importable_from_any_directory(built: str) -> None:
    python = ("--workdir", "/", "--entrypoint", "python", built)
    result = docker("run", *LOCKED_DOWN, *python, "-c", "import os, tasks; print(os.getuid())")

    assert (result.stdout, result.stderr) == ("10001\n", "")


def test_orphans_are_reaped(built: str) -> None:
    entry = ("--entrypoint", "dumb-init", built, "--single-child", "--", "python", "-c", ORPHAN)

    assert docker("run", *LOCKED_DOWN, *entry).stdout == "0 2\n"


def test_image_contains_no_compiler(built: str) -> None:
    search = ("--entrypoint", "sh", built, "-c", "command -v cc gcc g++ clang ld as make")

    assert docker("run", *LOCKED_DOWN, *search).stdout == ""
