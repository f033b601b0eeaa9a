"""Read models, one folder each, deletable as a unit and rebuilt from the ledger."""
