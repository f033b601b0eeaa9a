"""The public keys of an issuer, each with the algorithms that it may be used with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from jwt import PyJWK, PyJWTError
from jwt.algorithms import AllowedPublicKeys
from pydantic import BaseModel, ValidationError

ALGORITHMS: Mapping[tuple[str, str | None], tuple[str, ...]] = MappingProxyType(
    {
        ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        ("EC", "P-256"): ("ES256",),
        ("EC", "P-384"): ("ES384",),
        ("EC", "P-521"): ("ES512",),
        ("OKP", "Ed25519"): ("EdDSA",),
    }
)
"""By type of key and curve. What is not here is never accepted, whatever an issuer or a token says."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with, by these algorithms only."""

    id: str | None
    algorithms: tuple[str, ...]
    key: AllowedPublicKeys


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """All keys that an issuer signs with at a time."""

    keys: tuple[PublicKey, ...] = ()

    def find(self, id: str | None) -> PublicKey | None:
        """The key of this id; without one the only key, if it is the only one."""
        if id is None:
            return self.keys[0] if len(self.keys) == 1 else None
        return next((key for key in self.keys if key.id == id), None)


def usable(published: Iterable[object]) -> PublicKeys:
    """The keys in the list of a JWK set that signatures can be checked with; the others are left out."""
    return PublicKeys(tuple(key for jwk in published if isinstance(jwk, dict) and (key := _read(jwk))))


class _Jwk(BaseModel):
    """What says whether a key can be used."""

    kty: str
    crv: str | None = None
    kid: str | None = None
    alg: str | None = None
    use: str = "sig"
    key_ops: list[str] = ["verify"]
    d: None = None
    """In a private key. One that was published is anybody's."""


def _read(jwk: dict[str, Any]) -> PublicKey | None:
    try:
        described = _Jwk.model_validate(jwk)
    except ValidationError:
        return None
    algorithms = _algorithms(described)
    if not algorithms:
        return None
    try:
        made = PyJWK(jwk, algorithm=algorithms[0])
    except (PyJWTError, UnsupportedAlgorithm):
        return None
    too_short = made.Algorithm.check_key_length(made.key)
    return None if too_short else PublicKey(described.kid, algorithms, made.key)


def _algorithms(jwk: _Jwk) -> tuple[str, ...]:
    if jwk.use != "sig" or "verify" not in jwk.key_ops:
        return ()
    fitting = ALGORITHMS.get((jwk.kty, None if jwk.kty == "RSA" else jwk.crv), ())
    return tuple(name for name in fitting if jwk.alg in {None, name})
