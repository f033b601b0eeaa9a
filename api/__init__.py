"""Ways in: HTTP, web pages and the command line. Thin, and without SQL."""
