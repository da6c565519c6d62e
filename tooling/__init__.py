"""Tools that check this repository."""
