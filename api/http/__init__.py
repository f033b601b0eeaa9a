"""The way in over HTTP: what is said becomes a command or a question, what comes back a document or a problem."""
