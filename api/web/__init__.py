"""Pages for people: made on the server, whole without scripts, and a little better with them."""
