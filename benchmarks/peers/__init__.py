"""What the ledger is measured against: each does the same work in the way that its own documentation shows."""
