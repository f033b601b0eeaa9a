"""Each state every pledge ever had, and for which positions of the ledger and times it was current."""
