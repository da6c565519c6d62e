"""Workers on EKS: their manifests, the check of them, and the deploy."""
