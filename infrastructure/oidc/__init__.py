"""Bearer tokens of the OpenID Connect issuer that the operator trusts."""
