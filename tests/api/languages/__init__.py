"""Texts in six languages."""
