"""The console: its TypeScript sources, and its deployment in Python."""
