"""Deploys workers for a deployed application: `make deploy-workers STAGE=dev`.

It deploys the stack of the cluster, builds and pushes the image, installs prerequisites in the
cluster (KEDA and the PodMonitor definition), applies the manifests with the addresses of the stage,
and waits for the rollout. Each step may be repeated. It prints each command that it runs.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from eks.addresses import Addresses, parameters

ROOT: Final = Path(__file__).parents[1]
KUBECTL: Final = str(ROOT / ".tools" / "eks" / "bin" / "kubectl")
KEDA: Final = "https://github.com/kedacore/keda/releases/download/v2.20.2/keda-2.20.2.yaml"
PYTHON_IMAGE: Final = "python:3.13-slim"
POD_MONITORS: Final = (
    "https://raw.githubusercontent.com/prometheus-operator/prometheus-operator/v0.93.1"
    "/example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"
)
_KEDA_PARTS: Final = ("keda-operator", "keda-metrics-apiserver", "keda-admission")


class Shell(Protocol):
    """Runs a command and returns its output. Raises CalledProcessError if it fails."""

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        """Runs a command."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOptions:
    """The options. Only the first deployment of a stage needs `subnets` and `api_cidrs`."""

    stage: str
    overlay: str
    region: str
    subnets: str = ""
    api_cidrs: str = ""
    image: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Deploy:
    """A deployment. It writes its kubeconfig and its kustomization to `folder`."""

    options: DeployOptions
    shell: Shell
    folder: Path
    now: Callable[[], float]

    def run(self) -> None:
        """Runs the five steps."""
        application, settings = self._stack(f"shoal-{self.options.stage}")
        self._deploy_cluster(application)
        cluster, _ = self._stack(self._workers_stack)
        addresses = Addresses(
            region=self.options.region,
            application=application,
            lease_seconds=settings["LeaseSeconds"],
            cluster=cluster,
            image=self.options.image or self._push(cluster["RepositoryUri"]),
            architecture=self.shell("docker", "version", "--format", "{{.Server.Arch}}").strip(),
        )
        self._prepare(cluster["ClusterName"])
        self._apply(addresses)

    @property
    def _workers_stack(self) -> str:
        return f"shoal-{self.options.stage}-workers"

    def _aws(self, *words: str) -> str:
        return self.shell("aws", *words, "--region", self.options.region)

    def _kubectl(self, *words: str) -> str:
        return self.shell(KUBECTL, "--kubeconfig", str(self.folder / "kubeconfig"), *words)

    def _stack(self, name: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Returns outputs and parameters of a stack."""
        response = json.loads(self._aws("cloudformation", "describe-stacks", "--stack-name", name))
        stack = response["Stacks"][0]
        return (
            {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
            {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])},
        )

    def _deploy_cluster(self, application: Mapping[str, str]) -> None:
        overrides = {
            "Stage": self.options.stage,
            "SubnetIds": self.options.subnets,
            "ApiCidrs": self.options.api_cidrs,
            **parameters(application),
        }
        self._aws(
            *("cloudformation", "deploy", "--no-fail-on-empty-changeset"),
            *("--template-file", "eks/template.yaml", "--stack-name", self._workers_stack),
            *("--capabilities", "CAPABILITY_IAM", "--parameter-overrides"),
            *(f"{name}={value}" for name, value in overrides.items() if value),
        )

    def _push(self, repository: str) -> str:
        """Builds and pushes the image of this commit unless it exists. Returns name and digest."""
        tag = self.shell("git", "describe", "--always", "--abbrev=12", "--dirty").strip()
        if tag.endswith("-dirty"):  # tags are immutable, so uncommitted changes need a unique tag
            tag = f"{tag}-{self.now():.0f}"
        digest = self._digest(repository, tag)
        if not digest:
            base = self.options.digest or self._base_digest()
            self.shell(
                *("docker", "build", "--file", "worker_image/Dockerfile"),
                *("--build-arg", f"PYTHON_DIGEST=@{base}"),
                *("--label", f"org.opencontainers.image.base.digest={base}"),
                *("--tag", f"{repository}:{tag}", "."),
            )
            password = self._aws("ecr", "get-login-password")
            host = repository.partition("/")[0]
            login = ("docker", "login", "--username", "AWS", "--password-stdin", host)
            self.shell(*login, stdin=password)
            self.shell("docker", "push", f"{repository}:{tag}")
            digest = self._digest(repository, tag)
        return f"{repository}@{digest}"

    def _base_digest(self) -> str:
        """Returns the digest of the base image that its registry has now."""
        self.shell("docker", "pull", "--quiet", PYTHON_IMAGE)
        named = self.shell(
            "docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}", PYTHON_IMAGE
        )
        return named.strip().partition("@")[2]

    def _digest(self, repository: str, tag: str) -> str:
        """Returns the digest of a pushed image; empty if it does not exist."""
        response = self._aws(
            *("ecr", "batch-get-image", "--repository-name", repository.partition("/")[2]),
            *("--image-ids", f"imageTag={tag}"),
        )
        images = json.loads(response)["images"]
        return str(images[0]["imageId"]["imageDigest"]) if images else ""

    def _prepare(self, cluster: str) -> None:
        kubeconfig = str(self.folder / "kubeconfig")
        self._aws("eks", "update-kubeconfig", "--name", cluster, "--kubeconfig", kubeconfig)
        for definitions in (POD_MONITORS, KEDA):
            self._kubectl("apply", "--server-side", "-f", definitions)
        for part in _KEDA_PARTS:  # the admission webhook of KEDA validates every ScaledObject
            self._kubectl("-n", "keda", "rollout", "status", f"deployment/{part}", "--timeout=10m")

    def _apply(self, addresses: Addresses) -> None:
        text = addresses.kustomization(self.options.overlay, self.folder)
        (self.folder / "kustomization.yaml").write_text(text)
        if self.options.overlay == "job":  # the pod template of a Job is immutable
            job = ("job", "shoal-until-empty", "--ignore-not-found")
            self._kubectl("-n", "shoal", "delete", *job)
        self._kubectl("apply", "--server-side", "-k", str(self.folder))
        if self.options.overlay != "job":
            workers = ("rollout", "status", "deployment/shoal-worker", "--timeout=10m")
            self._kubectl("-n", "shoal", *workers)


def run_printed(*words: str, stdin: str | None = None) -> str:
    """Prints and runs a command. Its stderr goes to the terminal."""
    print(f"+ {shlex.join(words)}", flush=True)
    return subprocess.run(  # noqa: S603 - our own commands
        words, check=True, cwd=ROOT, input=stdin, stdout=subprocess.PIPE, text=True
    ).stdout


def main(arguments: list[str]) -> int:
    """Parses the arguments and deploys."""
    parser = argparse.ArgumentParser(prog="python -m eks.deploy", description=__doc__)
    parser.add_argument("--stage", required=True, help="name of the deployment")
    parser.add_argument("--region", required=True, help="AWS region of the deployment")
    parser.add_argument("--overlay", help="directory in eks/overlays (default: name of the stage)")
    parser.add_argument("--subnets", default="", help="private subnets, separated by commas")
    parser.add_argument("--api-cidrs", default="", help="CIDR blocks that may call the cluster API")
    parser.add_argument("--image", default="", help="image with digest, instead of building one")
    parser.add_argument("--digest", default="", help="digest of the base image (sha256:…)")
    parsed = vars(parser.parse_args(arguments))
    if parsed["image"] and "@sha256:" not in parsed["image"]:
        parser.error("--image must contain a digest: NAME@sha256:…")
    options = DeployOptions(**{**parsed, "overlay": parsed["overlay"] or parsed["stage"]})
    folder = ROOT / "build" / "eks" / options.stage
    folder.mkdir(parents=True, exist_ok=True)
    try:
        Deploy(options, run_printed, folder, time.time).run()
    except subprocess.CalledProcessError as error:
        print(f"{error.cmd[0]} failed with exit code {error.returncode}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
