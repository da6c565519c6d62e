"""The three tables: one module per store; `table` has the shared calls."""
