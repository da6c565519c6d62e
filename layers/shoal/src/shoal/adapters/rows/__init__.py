"""Encodes values as DynamoDB rows and parts, packed so that a typical row stays under 1 KB.

Only this package knows attribute names. Each module encodes and decodes one kind of row.
"""
