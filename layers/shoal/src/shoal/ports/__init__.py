"""The interfaces that use-cases need, as small Protocols; adapters implement them.

Reads are strongly consistent unless documented otherwise. Every write is conditional; a write that
loses to a concurrent write raises WriteConflict. A dependency that fails raises Unavailable.
"""
