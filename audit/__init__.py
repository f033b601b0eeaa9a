"""Proof of what the ledger held: Merkle tree, checkpoints, bundles and their offline verification."""
