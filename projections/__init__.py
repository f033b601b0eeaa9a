"""Read models: what readers ask for, kept up with the ledger and rebuilt from it whenever that is wanted.

Each folder is one read model in a PostgreSQL schema of its own, and can be deleted as a unit with its line in
`catalogue`.
"""
