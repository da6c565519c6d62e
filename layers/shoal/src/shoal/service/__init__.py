"""The use-cases: what Shoal does, over ports that come in as arguments."""
