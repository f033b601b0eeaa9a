"""What happened to every pledge, in words and in full."""
