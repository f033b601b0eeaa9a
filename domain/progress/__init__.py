"""The periodic progress report: what a period began with, what moved, what it ended with."""
