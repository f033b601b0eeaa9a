"""The values bodies are made of: amounts, days, codes, targets and contributions, as clients write them.

Amounts are strings, since a JSON number is read as a float by most programs and loses digits. Every text is
brought to Unicode's composed form (NFC), so that what looks the same is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    Strict,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import TypeAliasType

from domain import geography, vocabulary
from domain.commands import ContributionStatement, TargetStatement
from domain.currencies import currencies
from domain.text import composed, fault, form, longest
from domain.values import Evidence, GoodPractice, StatedMoney, UsdRate

MONEY_TAG, QUANTITY_TAG = "<money>", "<quantity>"
TAGS = frozenset({MONEY_TAG, QUANTITY_TAG})
"""What validation calls the two forms of a value; they are no part of the document."""

_UNKEPT = r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]"
UNKEPT_TEXT = {"pattern": rf"^\s*$|{_UNKEPT}"}
"""The texts that `domain.text.fault` refuses, besides those that are too long."""
UNSEARCHABLE_TEXT = {"pattern": rf"^\s+$|{_UNKEPT}"}
"""The words that cannot be searched for; none at all can."""

_FORMED = frozenset({"enum", "const", "format", "pattern"})

_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Body(BaseModel):
    """Something a client states: unknown fields are refused, texts are composed and fit to be kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="after")
    @classmethod
    def _is_text_to_keep(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.field_name or ""
        if type(value) is tuple:
            return tuple(_kept(item, name) for item in value)
        return _kept(value, name)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The description of the body, in which every text has its bounds."""
        described = handler(schema)
        for name, field in handler.resolve_ref_schema(described).get("properties", {}).items():
            _bound(field, name)
        return described


def _bound(described: JsonSchemaValue, name: str) -> None:
    """Say of every text in the description of a field how long it may be, and which form it has."""
    for text in (described, *described.get("anyOf", ()), *filter(None, [described.get("items")])):
        if text.get("type") == "string" and not _FORMED & text.keys():
            text.update({"minLength": 1, "maxLength": text.get("maxLength", longest(name)), "not": UNKEPT_TEXT})
            if pattern := form(name):
                text["pattern"] = f"^{pattern}$"


def _kept(value: Any, name: str) -> Any:
    if type(value) is not str:  # an enumeration's code is a string too, and stays what it is
        return value
    text = composed(value)
    if reason := fault(name, text):
        raise PydanticCustomError("unacceptable_text", "The text {reason}.", {"reason": reason})
    return text


def _exact(value: object) -> Decimal:
    if not isinstance(value, str):
        raise PydanticCustomError(
            "amount_not_text", 'Give the amount as a string such as "1250000.00": JSON numbers lose digits.'
        )
    if not _PLAIN_DECIMAL.fullmatch(value):
        raise PydanticCustomError("amount_not_plain", "Give a plain decimal such as 1250000.00.")
    return Decimal(value)


def _iso_day(value: object) -> object:
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        raise PydanticCustomError("not_a_day", "Give a day such as 2026-11-23.")
    return value


@dataclass(frozen=True, slots=True)
class Known:
    """A check that a code is in the vocabulary; the description lists what is."""

    what: str
    codes: Callable[[], Collection[Any]]

    def check(self, code: Any) -> Any:
        """The code. Raises PydanticCustomError where nobody knows it."""
        if code not in self.codes():
            message = "{code} is not a known {what}; `GET /v1/vocabulary` lists them."
            raise PydanticCustomError("unknown_code", message, {"code": str(code), "what": self.what})
        return code

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The check after that of the type."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The description of the type, with every code."""
        return {**handler(schema), "enum": list(self.codes())}


def _form(value: object) -> str:
    return MONEY_TAG if isinstance(value, dict | MoneyBody) else QUANTITY_TAG


Amount = Annotated[
    Decimal,
    PlainValidator(_exact),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,40}(\.[0-9]{1,40})?$", "examples": ["1250000.00"]}),
]
Day = Annotated[
    date, BeforeValidator(_iso_day), WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-23"]})
]
CountryCode = TypeAliasType(
    "CountryCode", Annotated[str, Known("country", geography.countries), Field(description="ISO 3166-1 alpha-3")]
)
CurrencyCode = TypeAliasType(
    "CurrencyCode", Annotated[str, Known("currency", currencies), Field(description="ISO 4217")]
)
PillarCode = TypeAliasType("PillarCode", Annotated[str, Known("pillar", vocabulary.pillars)])
MeasureCode = TypeAliasType("MeasureCode", Annotated[str, Known("measure", vocabulary.measures)])
SdgNumber = TypeAliasType("SdgNumber", Annotated[int, Strict(), Known("SDG", vocabulary.sdgs)])
WsisLine = TypeAliasType("WsisLine", Annotated[str, Known("WSIS action line", vocabulary.wsis_lines)])


class RateBody(Body):
    """What one unit of a currency was worth in US dollars on a day, and who says so."""

    rate: Amount
    on: Day
    source: str


class MoneyBody(Body):
    """An amount in a currency; without a rate, the published one of the month is taken."""

    amount: Amount
    currency: CurrencyCode
    usd_rate: RateBody | None = None

    def stated(self) -> StatedMoney:
        """The money as the domain knows it."""
        rate = self.usd_rate
        return StatedMoney(
            amount=self.amount,
            currency=self.currency,
            usd_rate=UsdRate(rate=rate.rate, on=rate.on, source=rate.source) if rate else None,
        )


Value = Annotated[
    Annotated[MoneyBody, Tag(MONEY_TAG)] | Annotated[Amount, Tag(QUANTITY_TAG)],
    Discriminator(_form),
]


class TargetBody(Body):
    """What is promised: money for the measure `money`, a decimal string for every other."""

    id: str
    measure: MeasureCode
    value: Value
    baseline: Amount = Decimal(0)
    due_on: Day | None = None

    def stated(self) -> TargetStatement:
        """The target as the domain knows it."""
        return TargetStatement(
            id=self.id,
            measure=self.measure,
            value=self.value.stated() if isinstance(self.value, MoneyBody) else self.value,
            baseline=self.baseline,
            due_on=self.due_on,
        )


class EvidenceBody(Body):
    """A document that shows something, and its SHA-256 (hexadecimal) so that it cannot be swapped."""

    url: str
    sha256: str | None = None
    title: str | None = None

    def stated(self) -> Evidence:
        """The evidence as the domain knows it."""
        return Evidence(url=self.url, sha256=self.sha256, title=self.title)


class ContributionBody(Body):
    """One act of fulfilment: `amount` for a target of money, `quantity` for any other."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["amount"], "properties": {"amount": {"type": "object"}}},
                {"required": ["quantity"], "properties": {"quantity": {"type": "string"}}},
            ]
        }
    )

    id: str | None = None
    target: str
    amount: MoneyBody | None = None
    quantity: Amount | None = None
    effective_on: Day
    description: str | None = None
    evidence: tuple[EvidenceBody, ...] = ()
    country: CountryCode | None = None

    @model_validator(mode="after")
    def _has_one_measure(self) -> Self:
        if (self.amount is None) == (self.quantity is None):
            raise PydanticCustomError(
                "one_of_two", "Give either `amount` (for a target of money) or `quantity` (for any other)."
            )
        return self

    def stated(self) -> ContributionStatement:
        """The contribution as the domain knows it."""
        return ContributionStatement(
            id=self.id,
            target=self.target,
            amount=self.amount.stated() if self.amount else self.quantity or Decimal(0),
            effective_on=self.effective_on,
            description=self.description,
            evidence=tuple(item.stated() for item in self.evidence),
            country=self.country,
        )


class GoodPracticeBody(Body):
    """What was learned and others can use."""

    title: str
    text: str

    def stated(self) -> GoodPractice:
        """The practice as the domain knows it."""
        return GoodPractice(title=self.title, text=self.text)
