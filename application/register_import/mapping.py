"""What the columns of a register mean: the mapping file, checked. `docs/import.md` explains every key."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from types import UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

PLACEHOLDER = re.compile(r"\{([^{}\n]+)\}")

OneOrMore = str | list[str]


class UnusableMapping(Exception):
    """The mapping cannot be used; the message has a line for each thing that is wrong."""


class Part(BaseModel):
    """A table of the mapping file; keys nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldSource(Part):
    """Where one field comes from: a column, a constant or a template over columns, and how it is translated."""

    column: str | None = None
    constant: OneOrMore | None = None
    template: str | None = None
    values: dict[str, OneOrMore] = Field(default_factory=dict)
    blank: OneOrMore | None = None
    otherwise: OneOrMore | None = None
    separator: str | None = Field(default=None, min_length=1)
    first_line: bool = False
    longest: int | None = Field(default=None, gt=3)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(given is not None for given in (self.column, self.constant, self.template)) != 1:
            raise ValueError("give exactly one of column, constant and template")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns this field reads."""
        if self.column is not None:
            return (self.column,)
        return tuple(PLACEHOLDER.findall(self.template or ""))


class FileFormat(Part):
    """How the file is written."""

    encoding: str | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)


class Lines(Part):
    """How lines are recognised in another export, and which of them make one pledge."""

    match: list[str] = Field(min_length=1)
    group: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _a_group_has_one_key(self) -> Self:
        outside = [column for column in self.match if self.group and column not in self.group]
        if outside:
            raise ValueError(
                f"match names {', '.join(outside)}, which is not in group: one pledge would have many keys"
            )
        return self


class Numbers(Part):
    """How amounts are written."""

    decimal: str = Field(default=".", min_length=1, max_length=1)
    thousands: str = Field(default="", max_length=1)
    signs: list[str] = Field(default_factory=list)
    parentheses_negative: bool = False

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands cannot be the same sign")
        return self


class Dates(Part):
    """How dates are written, in the signs of `strptime`."""

    format: str = "%Y-%m-%d"


class PledgeFields(Part):
    """The descriptive fields of a pledge."""

    title: FieldSource
    description: FieldSource
    type: FieldSource
    focus_area: FieldSource
    pillars: FieldSource | None = None
    countries: FieldSource | None = None
    beneficiary_groups: FieldSource | None = None
    sdgs: FieldSource | None = None
    wsis_lines: FieldSource | None = None
    announced_on: FieldSource | None = None
    starts_on: FieldSource | None = None
    ends_on: FieldSource | None = None
    occasion: FieldSource | None = None
    additionality: FieldSource | None = None
    reference: FieldSource | None = None


class LeadFields(Part):
    """The organisation that made the promise."""

    name: FieldSource
    sector: FieldSource
    country: FieldSource | None = None


class AmountFields(Part):
    """The money target of a line."""

    column: str
    currency: FieldSource
    usd_rate: FieldSource | None = None
    usd_rate_on: FieldSource | None = None
    usd_rate_source: FieldSource | None = None
    due_on: FieldSource | None = None
    target_id: FieldSource | None = None
    zero: Literal["unstated", "refuse"] = "unstated"
    blank: Literal["unstated", "refuse"] = "unstated"
    negative: Literal["unstated", "refuse"] = "refuse"


class PaidFields(Part):
    """What a line says has been paid: an amount, or that the line is paid whole."""

    amount: str | None = None
    whole_column: str | None = None
    whole_values: list[str] = Field(default_factory=list)
    on: FieldSource | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.amount is None) == (self.whole_column is None):
            raise ValueError("give either amount or whole_column")
        if (self.whole_column is None) != (not self.whole_values):
            raise ValueError("whole_column and whole_values go together")
        return self


class Mapping(Part):
    """The whole mapping of one register."""

    register_name: str = Field(alias="register", min_length=1, max_length=300)
    exported_on_pattern: str | None = None
    file: FileFormat = FileFormat()
    lines: Lines
    numbers: Numbers = Numbers()
    dates: Dates = Dates()
    pledge: PledgeFields
    lead: LeadFields
    amount: AmountFields | None = None
    admission: FieldSource = FieldSource(constant="announced")
    paid: PaidFields | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.paid and not self.amount:
            raise ValueError("paid needs amount: a contribution goes towards a target")
        if self.exported_on_pattern is not None:
            try:
                groups = re.compile(self.exported_on_pattern).groupindex
            except re.error as problem:
                raise ValueError(f"exported_on_pattern is no regular expression: {problem}") from None
            if "date" not in groups:
                raise ValueError("exported_on_pattern has no group (?P<date>...)")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the mapping reads, each once, in the order in which the mapping names them."""
        named = [*self.lines.match, *self.lines.group, *_columns(self)]
        return tuple(dict.fromkeys(named))

    def exported_on(self, file_name: str) -> date | None:
        """The export's date as the file's name tells it; None where it does not."""
        found = re.search(self.exported_on_pattern, file_name) if self.exported_on_pattern else None
        try:
            return date.fromisoformat(found["date"]) if found else None
        except ValueError:
            return None


def parse(text: str) -> Mapping:
    """The mapping a TOML text holds. Raises UnusableMapping, naming all that is wrong."""
    try:
        return Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise UnusableMapping(f"not TOML: {problem}") from None
    except ValidationError as problem:
        raise UnusableMapping("\n".join(_explained(error) for error in problem.errors())) from None


def keys(model: type[BaseModel] = Mapping, prefix: str = "") -> Iterator[str]:
    """Every key a mapping can have, as dotted names; a field's own keys stand once, under `field`."""
    if not prefix:
        yield from keys(FieldSource, "field.")
    for name, info in model.model_fields.items():
        part = _part_in(info.annotation)
        if part is None or part is FieldSource:
            yield f"{prefix}{info.alias or name}"
        else:
            yield from keys(part, f"{prefix}{name}.")


def _columns(part: Part) -> Iterator[str]:
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, FieldSource):
            yield from value.columns
        elif isinstance(value, AmountFields):
            yield value.column
            yield from _columns(value)
        elif isinstance(value, PaidFields):
            yield from (column for column in (value.amount, value.whole_column) if column is not None)
            yield from _columns(value)
        elif isinstance(value, Part):
            yield from _columns(value)


def _explained(error: Any) -> str:
    path = [str(step) for step in error["loc"]]
    if error["type"] != "extra_forbidden":
        return f"{'.'.join(path) or 'the mapping'}: {error['msg'].removeprefix('Value error, ')}"
    known = _known_beside(path)
    nearest = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.0)
    return f"{'.'.join(path)}: there is no such key; the nearest one is {nearest[0]} (known here: {', '.join(known)})"


def _known_beside(path: list[str]) -> list[str]:
    model: type[BaseModel] = Mapping
    for step in path[:-1]:
        info = model.model_fields.get(step)
        model = (_part_in(info.annotation) if info else None) or model
    return [info.alias or name for name, info in model.model_fields.items()]


def _part_in(annotation: Any) -> type[Part] | None:
    choices = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next((c for c in choices if isinstance(c, type) and issubclass(c, Part)), None)
