"""How values lie in DynamoDB and in parts: packed so that the common row stays under 1 KB.

Only this package knows attribute names. Each module has one kind of row, both ways.
"""
