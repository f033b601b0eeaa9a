"""The ledger as a Merkle tree: the hashes of its entries, in tiles."""
