"""Drawings: where lines go and what is written beside them; a template of the same name makes them SVG."""
