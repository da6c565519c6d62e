"""Renders each overlay as a deploy would, with addresses of nowhere: `python -m eks.render FOLDER`.

What is checked is then what would be applied, and not a draft of it.
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
    """The manifests of a kustomization, as one stream of YAML."""
    return subprocess.run(  # noqa: S603 - our own command
        [KUBECTL, "kustomize", folder], check=True, capture_output=True, text=True
    ).stdout


def main(folder: Path) -> None:
    """Write a file of manifests for each overlay."""
    folder.mkdir(parents=True, exist_ok=True)
    for overlay in DEPLOYED:
        place = folder / "kustomizations" / overlay
        place.mkdir(parents=True, exist_ok=True)
        (place / "kustomization.yaml").write_text(EXAMPLE.kustomization(overlay, place))
        (folder / f"{overlay}.yaml").write_text(kustomize(place))
    for overlay in LOCAL:
        (folder / f"{overlay}.yaml").write_text(kustomize(OVERLAYS / overlay))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
