"""The prose check: textlint with our rules, over every text that a person reads."""
