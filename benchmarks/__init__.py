"""Every claim of speed, measured: `make bench`."""
