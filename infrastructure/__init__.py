"""Adapters to the world outside and the composition root: the only place where everything is wired."""
