"""Measures what the design promises. `python -m bench` runs all; with names, only those."""
