"""What the use-cases need of the world, as small Protocols; adapters fill them.

Reads are strongly consistent unless they say otherwise. Every write is conditional, and a write
that lost to another raises WriteConflict. Whatever is away raises Unavailable.
"""
