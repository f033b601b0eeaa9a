"""Every claim of speed, measured against its alternatives: `make bench`."""
