"""Workers on EKS: their manifests, the check of them, and the deploy."""

from typing import Final

KUBERNETES: Final = "1.36"
"""The version of the cluster, in eks/template.yaml too; manifests are checked against it."""
