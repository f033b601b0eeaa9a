"""The command line: one small module for each command; `main` puts them together."""
