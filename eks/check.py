"""Checks manifests against closed schemas: `.tools/eks/bin/python -m eks.check FILE…`.

kubernetes-validate checks the built-in kinds. The models of cloudcoil, closed here, check the kinds
of KEDA and of the Prometheus operator. No package has the kinds of Karpenter, so eks/schemas does.
An unknown kind is an error, so that no manifest is skipped.
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
    """Returns the schema, with unknown properties of every object forbidden."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            closed(part)
    elif isinstance(schema, list):
        for part in schema:
            closed(part)
    return schema


def errors(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields the errors of a manifest."""
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
        yield f"no schema for {manifest['apiVersion']} {manifest['kind']}"


def main(files: list[str]) -> int:
    """Checks all manifests. Returns 1 if there are errors, or no manifests."""
    checked = found = 0
    for file in files:
        for manifest in filter(None, yaml.safe_load_all(Path(file).read_text())):
            checked += 1
            for error in errors(manifest):
                found += 1
                print(f"{file}: {manifest['kind']} {manifest['metadata']['name']}: {error}")
    print(f"{checked} manifests checked, {found} errors")
    return int(bool(found) or not checked)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
