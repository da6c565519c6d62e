"""Parsed manifests for the rules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

type Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifests:
    """All manifests of an overlay."""

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
        """The Deployment, or the Job that replaces it."""
        return next(self.of("Deployment", "Job"))

    def pod(self) -> Manifest:
        """The pod template of workers."""
        pod: Manifest = self.workload()["spec"]["template"]
        return pod

    def container(self) -> Manifest:
        container: Manifest = self.pod()["spec"]["containers"][0]
        return container

    def settings(self) -> Mapping[str, str]:
        """Returns the data of the ConfigMap that the pod references."""
        name = self.container()["envFrom"][0]["configMapRef"]["name"]
        data: Mapping[str, str] = self.one("ConfigMap", name)["data"]
        return data

    def copy(self) -> Manifests:
        """Returns a copy for planted faults."""
        return Manifests(json.loads(json.dumps(self.all)))


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches labels. A selector without matchLabels matches all."""
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()
