"""Rendered manifests as the rules about them read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

type Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifests:
    """All of an overlay."""

    all: Sequence[Manifest]

    @staticmethod
    def read(text: str) -> Manifests:
        return Manifests([each for each in yaml.safe_load_all(text) if each])

    def of(self, *kinds: str) -> Iterator[Manifest]:
        return (each for each in self.all if each["kind"] in kinds)

    def one(self, kind: str, name: str) -> Manifest:
        found = [each for each in self.of(kind) if each["metadata"]["name"] == name]
        assert len(found) == 1, f"{len(found)} of {kind} {name}"
        return found[0]

    def workload(self) -> Manifest:
        """The Deployment, or the Job instead of it."""
        return next(self.of("Deployment", "Job"))

    def pod(self) -> Manifest:
        """The pod that runs workers."""
        pod: Manifest = self.workload()["spec"]["template"]
        return pod

    def container(self) -> Manifest:
        container: Manifest = self.pod()["spec"]["containers"][0]
        return container

    def settings(self) -> Mapping[str, str]:
        """What the pod's ConfigMap says, by the name that the pod calls it."""
        name = self.container()["envFrom"][0]["configMapRef"]["name"]
        data: Mapping[str, str] = self.one("ConfigMap", name)["data"]
        return data

    def copy(self) -> Manifests:
        """One to plant faults in."""
        return Manifests(json.loads(json.dumps(self.all)))


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector of labels means what bears these; one without matchLabels means all."""
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()
