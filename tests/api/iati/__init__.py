"""The register as IATI."""
