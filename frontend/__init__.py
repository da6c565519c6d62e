"""The console: its sources in TypeScript, and in Python how it is deployed."""
