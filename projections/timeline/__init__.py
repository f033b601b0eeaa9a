"""What happened, to every pledge and organisation, in words and in full; and who may know of it."""
