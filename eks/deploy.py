"""Deploys workers beside a deployed application: `make deploy-workers STAGE=dev`.

Five steps, each of which can run again: the cluster's stack, the image, what the cluster must have
first (KEDA, the definition of a PodMonitor), the manifests with this stage's addresses, and the
wait. It calls the tools that one would call by hand, in the order that they are printed.
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
POD_MONITORS: Final = (
    "https://raw.githubusercontent.com/prometheus-operator/prometheus-operator/v0.93.1"
    "/example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"
)
_KEDA_PARTS: Final = ("keda-operator", "keda-metrics-apiserver", "keda-admission")


class Shell(Protocol):
    """Runs a command and gives what it printed; raises CalledProcessError if it failed."""

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        """Run one command."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`subnets` and `api_cidrs` are needed by a stage's first deploy; later ones keep them."""

    stage: str
    overlay: str
    region: str
    subnets: str = ""
    api_cidrs: str = ""
    image: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Deploy:
    """One deploy; `folder` is where its kubeconfig and its kustomization are written."""

    wish: Wish
    shell: Shell
    folder: Path
    now: Callable[[], float]

    def run(self) -> None:
        """Do the five steps."""
        application, settings = self._stack(f"shoal-{self.wish.stage}")
        self._deploy_cluster(application)
        cluster, _ = self._stack(self._workers_stack)
        addresses = Addresses(
            region=self.wish.region,
            application=application,
            lease_seconds=settings["LeaseSeconds"],
            cluster=cluster,
            image=self.wish.image or self._push(cluster["RepositoryUri"]),
            architecture=self.shell("docker", "version", "--format", "{{.Server.Arch}}").strip(),
        )
        self._prepare(cluster["ClusterName"])
        self._apply(addresses)

    @property
    def _workers_stack(self) -> str:
        return f"shoal-{self.wish.stage}-workers"

    def _aws(self, *words: str) -> str:
        return self.shell("aws", *words, "--region", self.wish.region)

    def _kubectl(self, *words: str) -> str:
        return self.shell(KUBECTL, "--kubeconfig", str(self.folder / "kubeconfig"), *words)

    def _stack(self, name: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Outputs and parameters of a stack."""
        answer = json.loads(self._aws("cloudformation", "describe-stacks", "--stack-name", name))
        stack = answer["Stacks"][0]
        return (
            {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
            {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])},
        )

    def _deploy_cluster(self, application: Mapping[str, str]) -> None:
        told = {
            "Stage": self.wish.stage,
            "SubnetIds": self.wish.subnets,
            "ApiCidrs": self.wish.api_cidrs,
            **parameters(application),
        }
        self._aws(
            *("cloudformation", "deploy", "--no-fail-on-empty-changeset"),
            *("--template-file", "eks/template.yaml", "--stack-name", self._workers_stack),
            *("--capabilities", "CAPABILITY_IAM", "--parameter-overrides"),
            *(f"{name}={value}" for name, value in told.items() if value),
        )

    def _push(self, repository: str) -> str:
        """The image of this commit, built and pushed unless it is there; its name by digest."""
        tag = self.shell("git", "describe", "--always", "--abbrev=12", "--dirty").strip()
        if tag.endswith("-dirty"):  # tags are never given twice, and this state has no name
            tag = f"{tag}-{self.now():.0f}"
        digest = self._digest(repository, tag)
        if not digest:
            build = f"PYTHON_DIGEST={self.wish.digest and '@' + self.wish.digest}"
            self.shell(
                *("docker", "build", "--file", "worker_image/Dockerfile", "--build-arg", build),
                *("--tag", f"{repository}:{tag}", "."),
            )
            password = self._aws("ecr", "get-login-password")
            host = repository.partition("/")[0]
            login = ("docker", "login", "--username", "AWS", "--password-stdin", host)
            self.shell(*login, stdin=password)
            self.shell("docker", "push", f"{repository}:{tag}")
            digest = self._digest(repository, tag)
        return f"{repository}@{digest}"

    def _digest(self, repository: str, tag: str) -> str:
        """Of a pushed image; empty if there is none."""
        answer = self._aws(
            *("ecr", "batch-get-image", "--repository-name", repository.partition("/")[2]),
            *("--image-ids", f"imageTag={tag}"),
        )
        images = json.loads(answer)["images"]
        return str(images[0]["imageId"]["imageDigest"]) if images else ""

    def _prepare(self, cluster: str) -> None:
        kubeconfig = str(self.folder / "kubeconfig")
        self._aws("eks", "update-kubeconfig", "--name", cluster, "--kubeconfig", kubeconfig)
        for definitions in (POD_MONITORS, KEDA):
            self._kubectl("apply", "--server-side", "-f", definitions)
        for part in _KEDA_PARTS:  # its webhook is asked about every ScaledObject
            self._kubectl("-n", "keda", "rollout", "status", f"deployment/{part}", "--timeout=10m")

    def _apply(self, addresses: Addresses) -> None:
        text = addresses.kustomization(self.wish.overlay, self.folder)
        (self.folder / "kustomization.yaml").write_text(text)
        if self.wish.overlay == "job":  # a Job's pods cannot be changed, only begun anew
            job = ("job", "shoal-until-empty", "--ignore-not-found")
            self._kubectl("-n", "shoal", "delete", *job)
        self._kubectl("apply", "--server-side", "-k", str(self.folder))
        if self.wish.overlay != "job":
            workers = ("rollout", "status", "deployment/shoal-worker", "--timeout=10m")
            self._kubectl("-n", "shoal", *workers)


def run_printed(*words: str, stdin: str | None = None) -> str:
    """Run it here, having said so; what it says against goes to the terminal."""
    print(f"+ {shlex.join(words)}", flush=True)
    return subprocess.run(  # noqa: S603 - what the words say is ours
        words, check=True, cwd=ROOT, input=stdin, stdout=subprocess.PIPE, text=True
    ).stdout


def main(arguments: list[str]) -> int:
    """Deploy as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m eks.deploy", description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--overlay", help="a folder of eks/overlays (default: the stage's)")
    parser.add_argument("--subnets", default="", help="private subnets, with commas between")
    parser.add_argument("--api-cidrs", default="", help="from where the cluster's API is called")
    parser.add_argument("--image", default="", help="an image by digest, instead of building one")
    parser.add_argument("--digest", default="", help="sha256:… of the base to build from")
    options = vars(parser.parse_args(arguments))
    if options["image"] and "@sha256:" not in options["image"]:
        parser.error("--image is a name by digest: NAME@sha256:…")
    wish = Wish(**{**options, "overlay": options["overlay"] or options["stage"]})
    folder = ROOT / "build" / "eks" / wish.stage
    folder.mkdir(parents=True, exist_ok=True)
    try:
        Deploy(wish, run_printed, folder, time.time).run()
    except subprocess.CalledProcessError as error:
        print(f"{error.cmd[0]} failed with {error.returncode}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
