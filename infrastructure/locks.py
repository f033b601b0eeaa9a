"""The advisory locks of the database, each with what it orders. The numbers are arbitrary and fixed."""

SCHEMA_LOCK = 0x50324301
"""Held while the schema is brought to this version."""

APPEND_LOCK = 0x50324302
"""Held by an append from the choice of its position to its commit, so that positions become visible in order."""

SIGNING_LOCK = 0x50324303
"""Held while a checkpoint is signed, so that two of one tree never differ."""
