"""One file, one Lambda: each parses what it is given, calls one use-case and answers."""
