"""The register in the form of the International Aid Transparency Initiative, IATI 2.03."""
