"""The addresses of a deployment, and the kustomization that writes them into the manifests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

OVERLAYS: Final = Path(__file__).parent / "overlays"
UNSET: Final = "set-by-deploy"
"""The placeholder in the manifests. It must not occur in applied manifests."""

_QUEUES: Final = ("High", "Normal", "Low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The values for the manifests.

    `application` and `cluster` are the outputs of the two stacks. `image` is a name with a digest.
    """

    region: str
    application: Mapping[str, str]
    lease_seconds: str
    cluster: Mapping[str, str]
    image: str
    architecture: str

    def kustomization(self, overlay: str, folder: Path) -> str:
        """Returns a kustomization for a file in `folder`: the overlay with these addresses."""
        name, _, digest = self.image.partition("@")
        document = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [os.path.relpath(OVERLAYS / overlay, folder)],
            "images": [{"name": "shoal-worker", "newName": name, "digest": digest}],
            "configMapGenerator": [
                {
                    "name": "shoal-worker",
                    "namespace": "shoal",
                    "behavior": "merge",
                    "literals": [f"{key}={value}" for key, value in self._settings().items()],
                }
            ],
            "patches": [
                _patch("ScaledObject", self._scaled_object()),
                _patch("NodePool", self._node_pool()),
                _patch("NodeClass", self._node_class()),
            ],
        }
        return yaml.safe_dump(document, sort_keys=False, width=1000)

    def _settings(self) -> dict[str, str]:
        queues = {
            f"SHOAL_QUEUE_{each.upper()}_URL": self.application[f"Queue{each}Url"]
            for each in _QUEUES
        }
        return {
            "AWS_REGION": self.region,
            "SHOAL_API_URL": self.application["ApiUrl"],
            **queues,
            "SHOAL_LEASE_SECONDS": self.lease_seconds,
        }

    def _scaled_object(self) -> list[dict[str, Any]]:
        return [
            _replace(f"/spec/triggers/{index}/metadata/awsRegion", self.region)
            for index in range(len(_QUEUES))
        ]

    def _node_pool(self) -> list[dict[str, Any]]:
        requirement = "/spec/template/spec/requirements/1"
        return [
            {"op": "test", "path": f"{requirement}/key", "value": "kubernetes.io/arch"},
            _replace(f"{requirement}/values", [self.architecture]),
        ]

    def _node_class(self) -> list[dict[str, Any]]:
        subnets = [{"id": each} for each in self.cluster["SubnetIds"].split(",")]
        groups = [{"id": self.cluster["ClusterSecurityGroupId"]}]
        return [
            _replace("/spec/role", self.cluster["NodeRoleName"]),
            _replace("/spec/subnetSelectorTerms", subnets),
            _replace("/spec/securityGroupSelectorTerms", groups),
        ]


def parameters(application: Mapping[str, str]) -> dict[str, str]:
    """Returns the parameters of eks/template.yaml that are outputs of the application."""
    names = ("WorkerRoleArn", *(f"Queue{each}Url" for each in _QUEUES))
    return {name: application[name] for name in names}


def _replace(path: str, value: object) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def _patch(kind: str, operations: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns a patch for all objects of a kind. It may match no object."""
    return {"target": {"kind": kind}, "patch": yaml.safe_dump(operations, sort_keys=False)}
