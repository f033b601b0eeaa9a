"""The register's latest events as an Atom feed (RFC 4287)."""
