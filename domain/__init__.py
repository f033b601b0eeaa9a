"""The pledge and its rules: pure values and functions, with no input, output, clock or framework."""
