"""Reports as documents to read: HTML and PDF."""
