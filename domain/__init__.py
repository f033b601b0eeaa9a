"""The pledge and its rules: pure values and functions, no I/O, no framework."""
