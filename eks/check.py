"""Checks manifests against closed schemas: `.tools/eks/bin/python -m eks.check FILE…`.

The cluster's own kinds by kubernetes-validate, KEDA's and the Prometheus operator's by cloudcoil's
models, closed here, and Karpenter's, of which there is no such package, by eks/schemas. A kind that
nothing knows is a fault: a check that skips in silence checks nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import yaml
from cloudcoil.models.keda import v1alpha1 as keda  # type: ignore[import-not-found] # as below
from cloudcoil.models.prometheus_operator import (  # type: ignore[import-not-found] # .tools/eks only
    v1 as prometheus,
)

from eks import KUBERNETES

_SCHEMAS: Final = Path(__file__).parent / "schemas"
_FILES: Final = {"NodePool": "nodepool.json", "NodeClass": "nodeclass.json"}
_MODELS: Final = {
    "ScaledObject": keda.ScaledObject,
    "TriggerAuthentication": keda.TriggerAuthentication,
    "PodMonitor": prometheus.PodMonitor,
}


def closed(schema: Any) -> Any:
    """The schema with every object shut to what it does not name."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            closed(part)
    elif isinstance(schema, list):
        for part in schema:
            closed(part)
    return schema


def faults(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one manifest."""
    kind = manifest["kind"]
    if kind in _FILES:
        yield from _by(json.loads((_SCHEMAS / _FILES[kind]).read_text()), manifest)
    elif kind in _MODELS:
        yield from _by(closed(_MODELS[kind].model_json_schema(by_alias=True)), manifest)
    else:
        yield from _by_kubernetes(manifest)


def _by(schema: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[str]:
    for error in jsonschema.Draft202012Validator(schema).iter_errors(manifest):
        yield f"{error.json_path}: {error.message}"


def _by_kubernetes(manifest: Mapping[str, Any]) -> Iterator[str]:
    try:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        yield f"no schema of {manifest['apiVersion']} {manifest['kind']} is known"


def main(files: list[str]) -> int:
    """Check all; tell what is wrong, and how many were checked."""
    checked = wrong = 0
    for file in files:
        for manifest in filter(None, yaml.safe_load_all(Path(file).read_text())):
            checked += 1
            for fault in faults(manifest):
                wrong += 1
                print(f"{file}: {manifest['kind']} {manifest['metadata']['name']}: {fault}")
    print(f"{checked} manifests checked, {wrong} faults")
    return int(bool(wrong) or not checked)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
