"""Figures about the service, for Prometheus: what is counted as it happens, and what is asked when somebody looks."""
