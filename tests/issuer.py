"""An OpenID Connect issuer on this machine: it publishes keys over HTTP, changes them, signs tokens, and misbehaves.

By a browser it signs in whoever a test says, at once and without a page of its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit
from uuid import uuid4

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import AllowedPrivateKeys, get_default_algorithms

AUDIENCE = "p2c-register"
DISCOVERY = "/realms/p2c/.well-known/openid-configuration"
KEYS = "/realms/p2c/keys"
AUTHORIZATION = "/realms/p2c/authorize"
TOKEN = "/realms/p2c/token"

Json = dict[str, Any]
Answer = Callable[[BaseHTTPRequestHandler], None]

CURVES: Mapping[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *CURVES, "EdDSA")


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """A key that takes long to make, and so is made once."""
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Key:
    """A key of the issuer's, with the algorithm it signs with."""

    algorithm: str
    private: AllowedPrivateKeys
    id: str | None = field(default_factory=lambda: uuid4().hex)

    @classmethod
    def new(cls, algorithm: str = "ES256", **more: Any) -> Key:
        if algorithm in CURVES:
            return cls(algorithm, ec.generate_private_key(CURVES[algorithm]), **more)
        return cls(algorithm, ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else rsa_key(), **more)

    def sign(self, content: bytes) -> bytes:
        """Sign anything, without the library's checks of what is signed."""
        signature: bytes = get_default_algorithms()[self.algorithm].sign(content, self.private)
        return signature

    def jwk(self, *, private: bool = False, **more: Any) -> Json:
        """The public key, as it is published, or the private one; None takes a member away."""
        key = self.private if private else self.private.public_key()
        numbers = get_default_algorithms()[self.algorithm].to_jwk(key, as_dict=True)
        described = {**numbers, "kid": self.id, "alg": self.algorithm, "use": "sig", "key_ops": ["verify"], **more}
        return {name: value for name, value in described.items() if value is not None}


class LocalIssuer:
    """The issuer; `with` runs it, and it can be stopped and started at its address."""

    def __init__(self, certificate: Path | None = None) -> None:
        self._certificate = certificate
        self.key = Key.new()
        self.published: list[Json] = [self.key.jwk()]
        self.asked: Counter[str] = Counter()
        self.answers: dict[str, Answer] = {}
        self.person: Json = {}
        """Whoever signs in by a browser: claims that differ from those of a usual token."""
        self.declines: str | None = None
        """The error that a browser brings back instead of a code."""
        self.client_id = AUDIENCE
        self.client_secret: str | None = None
        self.discovery: Json = {}
        """What the discovery document says otherwise; None takes something away."""
        self.codes: dict[str, dict[str, str]] = {}
        """What was asked for when each code was given that nobody has exchanged yet."""
        self.shown: list[tuple[dict[str, str], str | None]] = []
        """The fields and the Authorization header of every request for a token."""
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.start()

    def __enter__(self) -> LocalIssuer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"{self.address}/realms/p2c"

    @property
    def address(self) -> str:
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        self._port = self._server.server_port
        if self._certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(self._certificate)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens at the address any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def publish(self, *keys: Key) -> None:
        """Publish these keys and no others, and sign with the first."""
        self.key = keys[0]
        self.published = [key.jwk() for key in keys]

    def token(self, *, signed_with: Key | None = None, headers: Json | None = None, **claims: Any) -> str:
        """A token of BDT's, good for five minutes, unless its claims say otherwise; None takes one away."""
        key = signed_with or self.key
        given = {name: value for name, value in {**self.claims(), **claims}.items() if value is not None}
        named = {"kid": key.id} if key.id is not None else {}
        return jwt.encode(given, key.private, algorithm=key.algorithm, headers={**named, **(headers or {})})

    def published_at(self, path: str) -> Json | None:
        """The document at an address of it."""
        if path == KEYS:
            return {"keys": self.published}
        if path != DISCOVERY:
            return None
        document = {
            "issuer": self.url,
            "jwks_uri": f"{self.address}{KEYS}",
            "authorization_endpoint": f"{self.address}{AUTHORIZATION}",
            "token_endpoint": f"{self.address}{TOKEN}",
            "authorization_response_iss_parameter_supported": True,
            **self.discovery,
        }
        return {name: value for name, value in document.items() if value is not None}

    def back_to_the_client(self, asked: dict[str, str]) -> str | None:
        """Where a browser goes from the authorization endpoint; None where the issuer does not know what it wants."""
        wanted = {"response_type": "code", "client_id": self.client_id, "code_challenge_method": "S256"}
        needed = {"redirect_uri", "state", "nonce", "code_challenge"}
        if not wanted.items() <= asked.items() or not needed <= asked.keys() or "openid" not in asked.get("scope", ""):
            return None
        if self.declines:
            answer = {"error": self.declines}
        else:
            answer = {"code": secrets.token_urlsafe(24)}
            self.codes[answer["code"]] = asked
        return f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state'], 'iss': self.url})}"

    def tokens_for(self, fields: dict[str, str], authorization: str | None) -> tuple[int, Json]:
        """Status and answer of the token endpoint."""
        self.shown.append((fields, authorization))
        if not self._is_the_client(fields, authorization):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(fields.get("code", ""), None)
        verifier = fields.get("code_verifier", "")
        challenge = base64url(hashlib.sha256(verifier.encode()).digest())
        if (
            fields.get("grant_type") != "authorization_code"
            or asked is None
            or (fields.get("redirect_uri"), challenge) != (asked["redirect_uri"], asked["code_challenge"])
        ):
            return 400, {"error": "invalid_grant"}
        made = self.token(**{"aud": self.client_id, "nonce": asked["nonce"], **self.person})
        return 200, {"id_token": made, "access_token": secrets.token_urlsafe(), "token_type": "Bearer"}

    def _is_the_client(self, fields: dict[str, str], authorization: str | None) -> bool:
        if authorization is None:
            return (fields.get("client_id"), fields.get("client_secret")) == (self.client_id, self.client_secret)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        return [unquote_plus(part) for part in pair.split(":")] == [self.client_id, self.client_secret]

    def claims(self) -> Json:
        now = int(time.time())
        return {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "amina.diop@example.org",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "roles": ["bdt"],
        }


def written(header: Json, claims: Json, sign: Callable[[bytes], bytes]) -> str:
    """A token by hand, for what no library would sign."""
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{base64url(sign(signed.encode()))}"


def own_certificate(folder: Path, *names: str) -> Path:
    """A file with a certificate for this machine, or for these names, that nobody else has signed, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer of the tests")])
    subjects: list[x509.GeneralName] = [x509.DNSName(name) for name in names] or [
        x509.IPAddress(IPv4Address("127.0.0.1"))
    ]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        .sign(key, SHA256())
    )
    file = folder / "issuer.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    return file


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def answering(content: bytes, *, status: int = 200, **headers: str) -> Answer:
    """Another answer than the one that is wanted."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def _handler(issuer: LocalIssuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
            back = issuer.back_to_the_client(query) if path == AUTHORIZATION else None
            if back:
                self._answer(path, answering(b"", status=302, Location=back))
            else:
                document = issuer.published_at(path)
                self._answer(path, answering(json.dumps(document).encode(), status=404 if document is None else 200))

        def do_POST(self) -> None:
            path, body = urlsplit(self.path).path, self.rfile.read(int(self.headers["Content-Length"]))
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
            status, answer = (
                issuer.tokens_for(fields, self.headers["Authorization"]) if path == TOKEN else (404, {"error": "none"})
            )
            self._answer(path, answering(json.dumps(answer).encode(), status=status))

        def _answer(self, path: str, usual: Answer) -> None:
            issuer.asked[path] += 1
            try:
                issuer.answers.get(path, usual)(self)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler
