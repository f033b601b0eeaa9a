"""The evidence: the stored form of every fact, and what can be checked of it without a database."""
