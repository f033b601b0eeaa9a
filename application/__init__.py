"""Use cases: load, decide, save; who may do what; ports."""
