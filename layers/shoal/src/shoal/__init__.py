"""Shoal: jobs of one to a million tasks on AWS, none lost and none counted twice."""
