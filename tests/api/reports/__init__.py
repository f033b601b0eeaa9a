"""Reports as documents to read."""
