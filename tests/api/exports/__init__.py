"""Documents as tables."""
