"""Use cases: load, decide, save; who may do what; the ports the outside must fill."""
