"""Every port in memory: plain dicts of frozen values.

Most can be copied by `snapshot()` and put back by `restore()`, so that a model checker can branch.
Nothing mutable is handed out or taken in.
"""
