"""The read models, on the real database."""
