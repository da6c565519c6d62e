"""Lambda functions, one per module: each parses its event, calls one use-case and responds."""
