"""Which rules an answer about the past was made by."""

RULES_VERSION = 1
"""Raised when the rules by which facts are folded, totalled or classified change what an old moment's answer is."""
