"""Renders each overlay with example addresses: `python -m eks.render DIRECTORY`.

So the checks run on manifests as a deployment would apply them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from eks.addresses import OVERLAYS, Addresses

KUBECTL: Final = Path(__file__).parents[1] / ".tools" / "eks" / "bin" / "kubectl"
DEPLOYED: Final = ("dev", "prod", "job")
LOCAL: Final = ("kind",)
EXAMPLE: Final = Addresses(
    region="eu-west-1",
    application={
        "ApiUrl": "https://api.example",
        "QueueHighUrl": "https://queues.example/1/high",
        "QueueNormalUrl": "https://queues.example/1/normal",
        "QueueLowUrl": "https://queues.example/1/low",
    },
    lease_seconds="60",
    cluster={
        "SubnetIds": "subnet-1,subnet-2",
        "ClusterSecurityGroupId": "sg-1",
        "NodeRoleName": "nodes",
    },
    image=f"images.example/shoal/worker@sha256:{'0' * 64}",
    architecture="arm64",
)


def kustomize(folder: Path) -> str:
    """Returns the manifests of a kustomization as one YAML stream."""
    return subprocess.run(  # noqa: S603 - our own command
        [KUBECTL, "kustomize", folder], check=True, capture_output=True, text=True
    ).stdout


def main(folder: Path) -> None:
    """Writes a file of manifests for each overlay."""
    folder.mkdir(parents=True, exist_ok=True)
    for overlay in DEPLOYED:
        target = folder / "kustomizations" / overlay
        target.mkdir(parents=True, exist_ok=True)
        (target / "kustomization.yaml").write_text(EXAMPLE.kustomization(overlay, target))
        (folder / f"{overlay}.yaml").write_text(kustomize(target))
    for overlay in LOCAL:
        (folder / f"{overlay}.yaml").write_text(kustomize(OVERLAYS / overlay))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
