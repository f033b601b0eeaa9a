"""Webhooks by the Standard Webhooks specification: who is told of what happens, and how it gets there."""
