"""All ports in memory: plain dicts of frozen values.

Most of them support `snapshot()` and `restore()`, so that a model checker can branch. They never
expose or store mutable values.
"""
