"""The commands of a deployment of workers, their order and their arguments."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from eks.deploy import Deploy, DeployOptions, main

APPLICATION = {
    "ApiUrl": "https://api.example",
    "QueueHighUrl": "https://queues.example/1/high",
    "QueueNormalUrl": "https://queues.example/1/normal",
    "QueueLowUrl": "https://queues.example/1/low",
    "WorkerRoleArn": "arn:aws:iam::1:role/worker",
}
CLUSTER = {
    "ClusterName": "shoal-dev",
    "ClusterSecurityGroupId": "sg-1",
    "NodeRoleName": "nodes",
    "SubnetIds": "subnet-1,subnet-2",
    "RepositoryUri": "images.example/shoal-dev/worker",
}
DIGEST = f"sha256:{'1' * 64}"
BASE_DIGEST = f"sha256:{'2' * 64}"


def stack(outputs: Mapping[str, str]) -> str:
    entries = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    lease = [{"ParameterKey": "LeaseSeconds", "ParameterValue": "45"}]
    return json.dumps({"Stacks": [{"Outputs": entries, "Parameters": lease}]})


class FakeShell:
    """Responds like AWS, git and Docker, and records the commands."""

    def __init__(self, tag: str = "abc", pushed: tuple[str, ...] = ()) -> None:
        self.tag = tag
        self.pushed = set(pushed)
        self.commands: list[str] = []
        self.inputs: dict[str, str | None] = {}

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        line = " ".join(words)
        self.commands.append(line)
        self.inputs[line] = stdin
        if words[:2] == ("docker", "push"):
            self.pushed.add(words[2].rpartition(":")[2])
        answers: dict[str, Callable[[], str]] = {
            "--stack-name shoal-dev ": lambda: stack(APPLICATION),
            "describe-stacks --stack-name shoal-dev-workers": lambda: stack(CLUSTER),
            "git describe": lambda: f"{self.tag}\n",
            "batch-get-image": lambda: self._image(words),
            "get-login-password": lambda: "secret",
            "docker version": lambda: "arm64\n",
            "RepoDigests": lambda: f"python@{BASE_DIGEST}\n",
        }
        return next((answer() for part, answer in answers.items() if part in line), "")

    def _image(self, words: tuple[str, ...]) -> str:
        tag = next(word for word in words if word.startswith("imageTag=")).partition("=")[2]
        found = [{"imageId": {"imageDigest": DIGEST}}] if tag in self.pushed else []
        return json.dumps({"images": found})

    def first(self, part: str) -> int:
        return next(index for index, line in enumerate(self.commands) if part in line)

    def any(self, part: str) -> bool:
        return any(part in line for line in self.commands)


@pytest.fixture
def deploy(tmp_path: Path) -> Callable[..., FakeShell]:
    def run(shell: FakeShell, **options: str) -> FakeShell:
        deploy_options = DeployOptions(
            **{"stage": "dev", "overlay": "dev", "region": "eu-west-1", **options}
        )
        Deploy(deploy_options, shell, tmp_path, lambda: 1_000.0).run()
        return shell

    return run


def test_steps_run_in_dependency_order(deploy: Callable[..., FakeShell]) -> None:
    shell = deploy(FakeShell())

    steps = [
        *("cloudformation deploy", "docker build", "docker login", "docker push"),
        *("update-kubeconfig", "podmonitors.yaml", "keda-2", "deployment/keda-admission"),
        *("apply --server-side -k", "deployment/shoal-worker"),
    ]
    assert [shell.first(step) for step in steps] == sorted(shell.first(step) for step in steps)


def test_cluster_stack_receives_the_outputs_of_the_application(
    deploy: Callable[..., FakeShell],
) -> None:
    shell = deploy(FakeShell(), subnets="subnet-1,subnet-2", api_cidrs="192.0.2.0/24")

    line = shell.commands[shell.first("cloudformation deploy")]
    assert "WorkerRoleArn=arn:aws:iam::1:role/worker" in line
    assert "QueueLowUrl=https://queues.example/1/low" in line
    assert "SubnetIds=subnet-1,subnet-2 ApiCidrs=192.0.2.0/24" in line


def test_later_deploy_keeps_subnets_and_api_cidrs(deploy: Callable[..., FakeShell]) -> None:
    shell = deploy(FakeShell())

    assert not shell.any("SubnetIds=")
    assert not shell.any("ApiCidrs=")


def test_manifests_contain_stage_addresses_and_image_digest(
    deploy: Callable[..., FakeShell], tmp_path: Path
) -> None:
    deploy(FakeShell())

    written = yaml.safe_load((tmp_path / "kustomization.yaml").read_text())
    assert written["images"] == [
        {"name": "shoal-worker", "newName": CLUSTER["RepositoryUri"], "digest": DIGEST}
    ]
    settings = written["configMapGenerator"][0]["literals"]
    assert "SHOAL_API_URL=https://api.example" in settings
    assert "SHOAL_LEASE_SECONDS=45" in settings


def test_existing_image_is_not_built_again(deploy: Callable[..., FakeShell]) -> None:
    shell = deploy(FakeShell(pushed=("abc",)))

    assert not shell.any("docker build")


def test_uncommitted_changes_get_a_unique_tag(
    deploy: Callable[..., FakeShell],
) -> None:
    shell = deploy(FakeShell(tag="abc-dirty", pushed=("abc", "abc-dirty")))

    assert shell.any("docker push images.example/shoal-dev/worker:abc-dirty-1000")


def test_base_image_can_be_pinned(deploy: Callable[..., FakeShell]) -> None:
    shell = deploy(FakeShell(), digest=DIGEST)

    assert shell.any(f"PYTHON_DIGEST=@{DIGEST}")


def test_image_is_built_on_the_current_base_image_by_digest(
    deploy: Callable[..., FakeShell],
) -> None:
    shell = deploy(FakeShell())

    build = shell.commands[shell.first("docker build")]
    assert f"PYTHON_DIGEST=@{BASE_DIGEST}" in build
    assert f"--label org.opencontainers.image.base.digest={BASE_DIGEST}" in build
    assert shell.first("docker pull --quiet python:3.13-slim") < shell.first("docker build")


def test_given_image_is_used_unchanged(deploy: Callable[..., FakeShell], tmp_path: Path) -> None:
    shell = deploy(FakeShell(), image=f"mine.example/tasks@{DIGEST}")

    assert not shell.any("docker build")
    assert "mine.example/tasks" in (tmp_path / "kustomization.yaml").read_text()


def test_password_is_passed_on_stdin(deploy: Callable[..., FakeShell]) -> None:
    shell = deploy(FakeShell())

    assert not shell.any("secret")
    assert shell.inputs[shell.commands[shell.first("docker login")]] == "secret"


def test_job_overlay_replaces_the_job(deploy: Callable[..., FakeShell]) -> None:
    shell = deploy(FakeShell(), overlay="job")

    assert shell.first("delete job shoal-until-empty") < shell.first("apply --server-side -k")
    assert not shell.any("deployment/shoal-worker")


def test_image_without_a_digest_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--stage", "dev", "--region", "eu-west-1", "--image", "mine.example/tasks:latest"])

    assert "must contain a digest" in capsys.readouterr().err
