"""Implementations of the ports, on AWS and in memory. Clients are passed in."""
