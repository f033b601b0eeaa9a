"""Adapters and the composition root: settings, event store, codec, embedded database."""
