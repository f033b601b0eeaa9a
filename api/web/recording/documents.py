"""From the fields of a form to the body that it states, the same one that a program sends as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from api.languages.texts import message
from api.web.form_posts import Fields
from api.web.recording.parts import AmountField, Field, Kind, Part, Rows, Section, TargetChanges
from api.web.recording.subject import Subject
from api.web.recording.typed_decimals import Ambiguous, plain_decimal
from domain.values import MONEY, Money

Document = dict[str, Any]

AMBIGUOUS = message(
    "This can be understood in two ways. Write a thousand as 1000, and decimals as in 1234.56 or 1.2340."
)
NO_SUCH_ORGANISATION = message("No active organisation has exactly this name. Choose one of the list.")
SEVERAL_ORGANISATIONS = message("Several organisations have this name. Give the id of the one that is meant.")


@dataclass(slots=True)
class Reading:
    """What a form states.

    `places` leads from where something stands in the document to the field it came from, where the two differ: empty
    rows state nothing. `complaints` are what could not be read, by field.
    """

    document: Document = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    complaints: list[tuple[str, str]] = field(default_factory=list)

    def field_at(self, steps: Iterable[str | int]) -> str:
        """The name of the field that states what stands at a place in the document."""
        there = here = ""
        for step in map(str, steps):
            there, here = _joined(there, step), _joined(here, step)
            here = self.places.get(there, here)
        return here


def read(parts: Iterable[Part], fields: Fields, subject: Subject) -> Reading:
    """What the fields state."""
    reading = Reading()
    _Reader(reading, fields, subject).read(parts, reading.document, there="", here="")
    return reading


@dataclass(frozen=True, slots=True)
class _Reader:
    reading: Reading
    fields: Fields
    subject: Subject

    def read(self, parts: Iterable[Part], into: Document, *, there: str, here: str) -> bool:
        """Put what the parts state into an object; whether they state anything but what was preset.

        `there` is where the object stands in the document, `here` what the names of its fields begin with.
        """
        stated = False
        for part in parts:
            match part:
                case Field():
                    stated |= self._field(part, into, here)
                case AmountField():
                    stated |= self._amount(part, into, there, here)
                case Section(name=""):
                    stated |= self.read(part.parts, into, there=there, here=here)
                case Section(name=name):
                    stated |= self._object(part, into, _joined(there, name), _joined(here, name))
                case Rows():
                    stated |= self._rows(part, into, _joined(there, part.name), _joined(here, part.name))
                case TargetChanges():
                    stated |= self._changes(part, into)
        return stated

    def _object(self, part: Section, into: Document, there: str, here: str) -> bool:
        inner: Document = {}
        if stated := self.read(part.parts, inner, there=there, here=here):
            into[part.name] = inner
        return stated

    def _field(self, part: Field, into: Document, here: str) -> bool:
        name = _joined(here, part.name)
        values = [value.strip() for value in self.fields.get(name, ()) if value.strip()]
        if not values:
            return False
        if part.takes_many:
            stated: Any = [_number(value) if part.numeric else value for value in values]
        else:
            stated = self._converted(part, values[0], name)
        if stated is not None:
            into[part.name] = stated
        return not part.preset

    def _converted(self, part: Field, value: str, name: str) -> str | None:
        match part.kind:
            case Kind.NUMBER | Kind.RATE:
                return self._decimal(value, name, fine=part.kind is Kind.RATE)
            case Kind.ORGANISATION:
                return self._organisation(value, name)
            case _:
                return value

    def _decimal(self, value: str, name: str, *, fine: bool = False) -> str | None:
        try:
            return plain_decimal(value, fine=fine)
        except Ambiguous:
            self.reading.complaints.append((name, AMBIGUOUS))
            return None

    def _organisation(self, value: str, name: str) -> str | None:
        try:
            return str(UUID(value))
        except ValueError:
            found = self.subject.called(value)
        if len(found) == 1:
            return str(found[0])
        self.reading.complaints.append((name, SEVERAL_ORGANISATIONS if found else NO_SUCH_ORGANISATION))
        return None

    def _amount(self, part: AmountField, into: Document, there: str, here: str) -> bool:
        """Money where a currency is given or the target is one of money, else a count."""
        name = _joined(here, part.name)
        value = self._text(_joined(name, "amount"))
        currency = self._text(_joined(name, "currency")) or self._currency_of(into)
        rate = {key: text for key in ("rate", "on", "source") if (text := self._text(f"{name}.usd_rate.{key}"))}
        if not (value or rate):
            return False
        amount = self._decimal(value, _joined(name, "amount")) if value else None
        if currency is None and not rate and into.get("measure") != MONEY:
            self.reading.places[_joined(there, part.counted)] = _joined(name, "amount")
            if amount is not None:
                into[part.counted] = amount
            return True
        money: Document = {"amount": amount, "currency": currency}
        if rate:
            given = self._decimal(rate["rate"], f"{name}.usd_rate.rate", fine=True) if "rate" in rate else None
            money["usd_rate"] = _given({**rate, "rate": given})
        into[part.name] = _given(money)
        return True

    def _currency_of(self, row: Mapping[str, Any]) -> str | None:
        """The currency of the target that a contribution names; the rates of two days differ, so no rate."""
        target = self.subject.target(str(row.get("target", "")))
        return target.value.currency if target and isinstance(target.value, Money) else None

    def _rows(self, part: Rows, into: Document, there: str, here: str) -> bool:
        rows: list[Document] = []
        for index in row_indices(self.fields, here):
            row: Document = {}
            at = _joined(there, str(len(rows)))
            if self.read(part.parts, row, there=at, here=_joined(here, str(index))):
                self.reading.places[at] = _joined(here, str(index))
                rows.append(row)
        if rows:
            into[part.name] = rows
        return bool(rows)

    def _changes(self, part: TargetChanges, into: Document) -> bool:
        rows: list[Document] = []
        for index, target in enumerate(self.subject.targets):
            name = f"{part.name}.{index}.value"
            if not (value := self._text(name)):
                continue
            amount = self._decimal(value, name)
            at = f"{part.name}.{len(rows)}"
            self.reading.places |= {at: f"{part.name}.{index}", f"{at}.value": name, f"{at}.value.amount": name}
            stated = (
                {"amount": amount, "currency": target.value.currency} if isinstance(target.value, Money) else amount
            )
            rows.append({"id": target.id, "measure": target.measure, "value": stated})
        if rows:
            into[part.name] = rows
        return bool(rows)

    def _text(self, name: str) -> str:
        return next(iter(self.fields.get(name, ())), "").strip()


def row_indices(fields: Fields, name: str) -> list[int]:
    """Which rows of a name the fields have, in order."""
    rows = re.compile(rf"{re.escape(name)}\.([0-9]{{1,3}})\.")
    return sorted({int(found[1]) for key in fields if (found := rows.match(key))})


def _joined(before: str, name: str) -> str:
    return f"{before}.{name}" if before else name


def _number(value: str) -> int | str:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 4 else value


def _given(document: Mapping[str, Any]) -> Document:
    return {name: value for name, value in document.items() if value is not None}
