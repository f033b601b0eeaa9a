"""What an operator can set, read from environment variables whose names begin with ``P2C_``."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Final, Literal, NamedTuple, Self

from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from audit.signed_note import MalformedNote, VerifierKey
from infrastructure.oidc.addresses import is_loopback, is_protected

PREFIX: Final = "P2C_"
MASK: Final = "***"
ADDRESSES: Final = ("database_url", "read_replica_url")
"""Settings that may hold a password."""

OFF: Final = "off"
"""A rate that limits nothing."""

NONE: Final = "none"
"""No proxy is trusted."""

_RATE = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")


class InvalidSettings(ValueError):
    """Environment variables hold values the service cannot run with; the message names each of them."""


class Settings(BaseSettings):
    """Everything the service can be told from outside; each field is one environment variable.

    Build it with :meth:`from_environment`, which reports wrong values by the name the operator typed.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        # An empty variable is how a compose file says "not set".
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        # A refused database address may contain a password, and error messages end up in logs.
        hide_input_in_errors=True,
    )

    database_url: str | None = Field(
        default=None,
        repr=False,
        description="PostgreSQL server to keep the ledger in, as a URL or a libpq connection string. "
        "Without it the service starts a private PostgreSQL in the data directory.",
    )
    read_replica_url: str | None = Field(
        default=None,
        repr=False,
        description="Streaming standby of that server, written like it, for reads that a moment's delay does not harm. "
        "While it is away or too far behind, the server itself is read.",
    )
    data_dir: Path = Field(
        default=Path("var"),
        description="Folder for files the service keeps on this machine, the private PostgreSQL among them.",
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address on which the service listens; others than this machine's belong behind a reverse proxy "
        "that speaks TLS.",
    )
    port: int = Field(
        default=8000,
        ge=1,
        le=65535,
        description="TCP port on which the service listens.",
    )
    ledger_origin: str | None = Field(
        default=None,
        description="The ledger's name in its checkpoints, such as p2c.example.org/v1/ledger; chosen before the first "
        "start and then fixed. Without it the name is localhost/p2c-ledger- and the ledger's id.",
    )
    signing_key_file: Path | None = Field(
        default=None,
        description="File with the key that signs checkpoints, made on the first start; keep a copy of it apart from "
        "the database's. Without it: in the data directory, under the ledger's id.",
    )
    rate_per_address: str = Field(
        default="6000/minute",
        description="Most requests from one address (IPv6: from one /64), such as 6000/minute, or off.",
    )
    rate_per_token: str = Field(
        default="6000/minute",
        description="Most requests with one token, such as 6000/minute, or off.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Addresses or networks of the reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are "
        "believed, with commas between them, or none.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="OpenID Connect issuer whose signed tokens (JWT) are taken besides the service's own, by its URL, "
        "exactly as the issuer writes it. Without it none are.",
    )
    oidc_audience: str | None = Field(
        default=None,
        validate_default=True,
        description="The audience (aud) of the issuer's tokens that are meant for this service.",
    )
    oidc_client_id: str | None = Field(
        default=None,
        description="What the issuer calls this service when people sign in by a browser (client_id). Without it: "
        "the audience.",
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None,
        description="Secret by which this service shows the issuer that it is that client. Without it the service is a "
        "public client.",
    )
    oidc_roles_claim: str = Field(
        default="roles",
        description="Claim of the issuer's tokens that names the role; realm_access.roles is one inside another.",
    )
    oidc_organisation_claim: str = Field(
        default="organisation",
        description="Claim of the issuer's tokens that names a stakeholder's organisation by its id.",
    )
    webhooks: Literal["on", "off"] = Field(
        default="on",
        description="Whether messages of webhooks are sent; off for a copy of the ledger that runs beside it.",
    )
    webhooks_private: Literal["on", "off"] = Field(
        default="off",
        description="Whether webhooks may lead to private addresses and to this machine, there without TLS too; for "
        "closed networks.",
    )
    log_level: Literal["debug", "info", "warning", "error", "critical"] = Field(
        default="info",
        description="Least severe messages to log: debug, info, warning, error or critical.",
    )

    @property
    def is_reachable_by_others(self) -> bool:
        """Whether the service listens where other machines can reach it."""
        return not is_loopback(self.host)

    @classmethod
    def from_environment(cls, **given: object) -> Self:
        """Read the settings from the environment; what is `given`, on the command line say, counts more.

        Raises:
            InvalidSettings: A setting has an unusable value; the message has a line for each.
        """
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        except ValidationError as error:
            raise InvalidSettings(_in_the_words_of_the_operator(error)) from None

    @field_validator("database_url", "read_replica_url")
    @classmethod
    def _is_understood_by_libpq(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            conninfo_to_dict(value)
        except ProgrammingError:
            # libpq's own message may repeat the address, password included.
            raise ValueError(
                "is not a PostgreSQL address; write it as postgresql://user:password@host:5432/database"
            ) from None
        return value

    @field_validator("host")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value != "localhost":
            try:
                ipaddress.ip_address(value)
            except ValueError:
                raise ValueError(
                    f"{value} is not an address of this machine; write one such as 127.0.0.1, or 0.0.0.0 for all"
                ) from None
        return value

    @field_validator("ledger_origin")
    @classmethod
    def _can_be_the_name_of_a_key(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                VerifierKey(value, bytes(32))
            except MalformedNote:
                raise ValueError(
                    f"{value!r} cannot name a ledger: write it as a URL without https://, without spaces and plus signs"
                ) from None
        return value

    @field_validator("rate_per_address", "rate_per_token")
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        rate = value.strip().lower()
        if rate != OFF and not _RATE.fullmatch(rate):
            raise ValueError(f"{value!r} is not a rate; write a number and second, minute, hour or day: 6000/minute")
        return rate

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        addresses = [part.strip() for part in value.split(",")]
        if addresses == [NONE]:
            return NONE
        for address in addresses:
            try:
                ipaddress.ip_network(address)
            except ValueError:
                raise ValueError(
                    f"{address!r} is neither an address nor a network; write 10.0.0.5 or 10.0.0.0/24, with commas "
                    f"between several, or {NONE}"
                ) from None
        return ",".join(addresses)

    @field_validator("oidc_issuer")
    @classmethod
    def _can_vouch_for_its_keys(cls, value: str | None) -> str | None:
        if value is not None and (not is_protected(value) or set("?#") & set(value)):
            raise ValueError(
                "is not the URL of an issuer: write it as https://login.example.org/realms/p2c, without ? and #; "
                "http:// is only for an issuer on this machine"
            )
        return value

    @field_validator("oidc_audience")
    @classmethod
    def _goes_with_the_issuer(cls, value: str | None, given: ValidationInfo) -> str | None:
        issuer = given.data.get("oidc_issuer", "refused")
        if issuer and value is None:
            raise ValueError(f"is needed with {PREFIX}OIDC_ISSUER: the audience of the tokens meant for this service")
        if value is not None and issuer is None:
            raise ValueError(f"is of no use without {PREFIX}OIDC_ISSUER; set both or neither")
        return value

    @field_validator("oidc_client_id", "oidc_client_secret")
    @classmethod
    def _is_known_to_an_issuer(cls, value: str | SecretStr | None, given: ValidationInfo) -> str | SecretStr | None:
        if value is not None and given.data.get("oidc_issuer", "refused") is None:
            raise ValueError(f"is of no use without {PREFIX}OIDC_ISSUER, where people sign in")
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and not (text.isascii() and text.isprintable()):
            raise ValueError("has other characters than those of ASCII that can be seen, and the space")
        return value

    @field_validator("log_level", "webhooks", "webhooks_private", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value


class SettingDescription(NamedTuple):
    """One setting as shown to an operator."""

    name: str
    """The environment variable, such as ``P2C_PORT``."""
    value: str | None
    """What is in force, with passwords masked; None when nothing is set and there is no default."""
    meaning: str
    """What the setting does."""
    origin: Literal["environment", "argument", "default"]
    """Where the value came from; ``argument`` is a value given in code or on the command line."""


def describe(settings: Settings) -> list[SettingDescription]:
    """List every setting in force, in the order of declaration, safe to print or to send to support."""
    return [
        SettingDescription(
            name=environment_variable(field),
            value=_shown(field, getattr(settings, field)),
            meaning=declaration.description or "",
            origin=_origin(settings, field),
        )
        for field, declaration in type(settings).model_fields.items()
    ]


def environment_variable(field: str) -> str:
    """Return the environment variable that sets ``field``."""
    return f"{PREFIX}{field.upper()}"


def _origin(settings: Settings, field: str) -> Literal["environment", "argument", "default"]:
    if field not in settings.model_fields_set:
        return "default"
    # pydantic-settings ignores the case of the names, so this must too.
    given = {name.upper() for name, value in os.environ.items() if value}
    return "environment" if environment_variable(field) in given else "argument"


def _shown(field: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, SecretStr):
        return MASK
    return _without_secrets(str(value)) if field in ADDRESSES else str(value)


def _without_secrets(database_url: str) -> str:
    """Return the address as a connection string with every secret masked.

    libpq itself knows which of its parameters are secret: those it asks programs to hide while typed ("*").
    Parsing with it, instead of cutting the URL, also finds secrets written as query parameters or
    percent-encoded.
    """
    secret = {
        option.keyword.decode()
        for option in pq.Conninfo.get_defaults()
        if option.dispchar == b"*" or option.keyword.startswith(b"scram_")
    }
    parameters = conninfo_to_dict(database_url)
    return make_conninfo("", **{key: MASK if key in secret else value for key, value in parameters.items()})


def _in_the_words_of_the_operator(error: ValidationError) -> str:
    return "\n".join(
        f"{environment_variable(str(problem['loc'][0]))}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    )
