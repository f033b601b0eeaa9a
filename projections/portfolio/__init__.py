"""Running totals of the portfolio: what every part of it came to at the end of each day."""
