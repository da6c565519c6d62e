"""Workers on EKS: manifests, checks and deployment."""

from typing import Final

KUBERNETES: Final = "1.36"
"""The version of the cluster, also set in eks/template.yaml. Manifests are checked against it."""
