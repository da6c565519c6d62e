"""The rules of Shoal as values and pure functions: no AWS, no clock, no randomness, no I/O."""
