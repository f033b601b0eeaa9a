"""From the rows of a file to the promises they make, as the mapping says; every fault is found in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from application.register_import.cells import Line
from application.register_import.mapping import AmountFields, FieldSource, Mapping, PaidFields
from application.register_import.notation import Misread, amount, code, country, day, whole_number
from application.register_import.promises import Firmness, Lead, Payment, Promise, PromisedTarget, Reading
from application.register_import.sheet import Cell, Fault, Row, Sheet, as_text, shown
from domain.commands import Announce
from domain.identity import PLEDGES
from domain.text import unkept
from domain.values import UsdRate
from domain.vocabulary import Additionality, BeneficiaryGroup, FocusArea, PledgeType, Sector

Value = TypeVar("Value")

TO_BE_NAMED = PLEDGES
"""Stands for the lead in an `Announce` until the organisation is found or registered."""


def read(sheet: Sheet, mapping: Mapping, exported_on: date) -> tuple[Reading, tuple[Fault, ...]]:
    """What the file promises, and what is wrong with which lines."""
    reader = _Reader(mapping, exported_on)
    promises: list[Promise] = []
    faults: list[Fault] = []
    for rows in _grouped(sheet.rows, mapping.lines.group):
        promise, wrong = reader.promise(rows)
        faults += wrong
        if promise is not None:
            promises.append(promise)
    reading = Reading(
        promises=tuple(promises),
        lines=len(sheet.rows),
        repeated=_repeated(sheet),
        unused_columns=tuple(c for c in sheet.columns if c and c not in mapping.columns),
    )
    return reading, tuple(sorted(faults, key=lambda fault: fault.line))


class _Reader:
    def __init__(self, mapping: Mapping, exported_on: date) -> None:
        self._mapping = mapping
        self._exported_on = exported_on

    def promise(self, rows: tuple[Row, ...]) -> tuple[Promise | None, tuple[Fault, ...]]:
        """The promise of the lines that belong together, or what is wrong with them."""
        lines = [Line(row) for row in rows]
        read = [self._one(line) for line in lines]
        whole = [promise for promise in read if promise is not None]
        if len(whole) == len(read):
            _note_contradictions(whole, lines)
        faults = tuple(fault for line in lines for fault in line.faults)
        if faults:
            return None, (*faults, *_left_out(lines))
        return _together(whole), ()

    def _one(self, line: Line) -> Promise | None:
        _note_unkept_characters(line)
        key = tuple(as_text(line.row.cells.get(column)) for column in self._mapping.lines.match)
        announce = self._announce(line)
        lead = self._lead(line)
        firmness = line.required(self._mapping.admission, lambda text: code(text, Firmness), "admission")
        targets = self._targets(line, self._mapping.amount) if self._mapping.amount else ()
        if line.faults or announce is None or lead is None or firmness is None:
            return None
        stated = [as_text(line.row.cells.get(column)) for column in self._mapping.admission.columns]
        return Promise(
            lines=(line.row.line,),
            key=key,
            lead=lead,
            firmness=firmness,
            stated_firmness=" ".join(stated),
            announce=announce,
            targets=targets,
        )

    def _announce(self, line: Line) -> Announce | None:
        fields = self._mapping.pledge
        title = self._required_text(line, fields.title, "title")
        description = self._required_text(line, fields.description, "description")
        type = line.required(fields.type, lambda text: code(text, PledgeType), "type")
        focus_area = line.required(fields.focus_area, lambda text: code(text, FocusArea), "focus area")
        optional = {
            "pillars": line.many(fields.pillars, str),
            "countries": line.many(fields.countries, country),
            "beneficiary_groups": line.many(fields.beneficiary_groups, lambda text: code(text, BeneficiaryGroup)),
            "sdgs": line.many(fields.sdgs, whole_number),
            "wsis_lines": line.many(fields.wsis_lines, str),
            "announced_on": self._day(line, fields.announced_on) or self._exported_on,
            "starts_on": self._day(line, fields.starts_on),
            "ends_on": self._day(line, fields.ends_on),
            "occasion": line.text(fields.occasion),
            "additionality": line.one(fields.additionality, lambda text: code(text, Additionality)),
            "reference": line.text(fields.reference),
        }
        if title is None or description is None or type is None or focus_area is None:
            return None
        return Announce(
            lead=TO_BE_NAMED,
            title=title,
            description=description,
            type=type,
            focus_area=focus_area,
            **optional,  # type: ignore[arg-type]
        )

    def _lead(self, line: Line) -> Lead | None:
        fields = self._mapping.lead
        name = self._required_text(line, fields.name, "name of the lead organisation")
        sector = line.required(fields.sector, lambda text: code(text, Sector), "sector of the lead organisation")
        home = line.one(fields.country, country)
        return Lead(name=" ".join(name.split()), sector=sector, country=home) if name and sector else None

    def _targets(self, line: Line, fields: AmountFields) -> tuple[PromisedTarget, ...]:
        value = self._amount(line, fields)
        currency = line.required(fields.currency, str.upper, "currency") or ""
        target = PromisedTarget(
            line=line.row.line,
            amount=value,
            currency=currency,
            id=line.text(fields.target_id),
            usd_rate=self._rate(line, fields),
            due_on=self._day(line, fields.due_on),
        )
        if self._mapping.paid is None:
            return (target,)
        return (replace(target, payment=self._payment(line, self._mapping.paid, value)),)

    def _amount(self, line: Line, fields: AmountFields) -> Decimal | None:
        cell = line.row.cells.get(fields.column)
        if not as_text(cell).strip():
            if fields.blank == "refuse":
                line.fault(fields.column, "states no amount", 'Fill it in, or set blank = "unstated" under [amount].')
            return None
        value = self._number(line, fields.column, cell)
        if value is None:
            return None
        if value == 0 and fields.zero == "refuse":
            line.fault(fields.column, "is zero", 'Put it right, or set zero = "unstated" under [amount].')
        if value < 0 and fields.negative == "refuse":
            line.fault(
                fields.column,
                "is negative, and a promise cannot be",
                'Put it right in the register, or set negative = "unstated" under [amount].',
            )
        return value

    def _number(self, line: Line, column: str, cell: Cell) -> Decimal | None:
        try:
            return amount(cell, self._mapping.numbers)
        except Misread as problem:
            line.fault(column, problem.reason, problem.remedy)
            return None

    def _rate(self, line: Line, fields: AmountFields) -> UsdRate | None:
        rate = line.one(fields.usd_rate, lambda text: amount(text, self._mapping.numbers))
        if rate is None:
            return None
        return UsdRate(
            rate=rate,
            on=self._day(line, fields.usd_rate_on) or self._exported_on,
            source=line.text(fields.usd_rate_source) or self._mapping.register_name,
        )

    def _payment(self, line: Line, fields: PaidFields, promised: Decimal | None) -> Payment:
        on = self._day(line, fields.on) or self._exported_on
        if fields.amount is not None:
            cell = line.row.cells.get(fields.amount)
            paid = self._number(line, fields.amount, cell) if as_text(cell).strip() else None
            column = fields.amount
        else:
            column = fields.whole_column or ""
            said = as_text(line.row.cells.get(column)).strip().casefold()
            paid = promised if said in {value.strip().casefold() for value in fields.whole_values} else None
        if paid is None or paid == 0:
            return Payment(amount=Decimal(0), on=on)
        if paid < 0:
            line.fault(column, "is negative, and what was paid cannot be", "Put it right in the register.")
        elif promised is None or promised <= 0:
            line.fault(column, "is paid, but no amount is promised", "State the promised amount.")
        return Payment(amount=paid, on=on)

    def _day(self, line: Line, field: FieldSource | None) -> date | None:
        if field is not None and field.column is not None:
            cell = line.row.cells.get(field.column)
            if isinstance(cell, date):
                return cell
        return line.one(field, lambda text: day(text, self._mapping.dates))

    @staticmethod
    def _required_text(line: Line, field: FieldSource, what: str) -> str | None:
        before = len(line.faults)
        text = line.text(field)
        if not text and len(line.faults) == before:
            column = " and ".join(dict.fromkeys(field.columns)) or None
            line.fault(
                column, f"gives no {what}", f"Fill it in, or say what a blank means with `blank` for the {what}."
            )
        return text or None


def _grouped(rows: Iterable[Row], columns: list[str]) -> Iterable[tuple[Row, ...]]:
    """The rows that make one pledge, in the order of their first lines; each alone where nothing is grouped."""
    if not columns:
        return ((row,) for row in rows)
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        values = tuple(as_text(row.cells.get(column)) for column in columns)
        # A row that is itself broken must not pull others along by what it lacks.
        groups.setdefault((row.line,) if row.faults else values, []).append(row)
    return (tuple(group) for group in groups.values())


def _together(promises: list[Promise]) -> Promise:
    """One promise of all the lines: the first one's, with the texts and the codes of the others added."""
    first = promises[0]
    if len(promises) == 1:
        return first
    said = [p.announce for p in promises]
    together = replace(
        first.announce,
        description="\n\n".join(dict.fromkeys(a.description for a in said)),
        pillars=_each_once(a.pillars for a in said),
        countries=_each_once(a.countries for a in said),
        beneficiary_groups=_each_once(a.beneficiary_groups for a in said),
        sdgs=_each_once(a.sdgs for a in said),
        wsis_lines=_each_once(a.wsis_lines for a in said),
    )
    return replace(
        first,
        lines=tuple(line for p in promises for line in p.lines),
        announce=together,
        targets=tuple(target for p in promises for target in p.targets),
    )


def _each_once(several: Iterable[tuple[Value, ...]]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys(value for values in several for value in values))


def _note_contradictions(promises: list[Promise], lines: list[Line]) -> None:
    """Lines of one pledge cannot differ in what a pledge has once."""
    first = promises[0]
    for promise, line in zip(promises[1:], lines[1:], strict=True):
        for what, differs in (
            ("lead organisation", promise.lead != first.lead),
            ("admission", promise.firmness != first.firmness),
            *(
                (name.replace("_", " "), getattr(promise.announce, name) != getattr(first.announce, name))
                for name in ("title", "type", "focus_area", "announced_on", "starts_on", "ends_on", "occasion")
            ),
        ):
            if differs:
                line.fault(
                    None,
                    f"has another {what} than line {first.line} of the same pledge",
                    "Put one of them right, or name the column that differs in `group`.",
                )


def _left_out(lines: list[Line]) -> Iterable[Fault]:
    """The good lines of a pledge that has a bad one go with it: half a pledge would be a false one."""
    bad = next(line.row.line for line in lines if line.faults)
    return (
        Fault(
            line=line.row.line,
            column=None,
            value="",
            reason=f"belongs to the same pledge as line {bad}, which is bad",
            remedy=f"Put line {bad} right.",
        )
        for line in lines
        if not line.faults
    )


def _note_unkept_characters(line: Line) -> None:
    for column, cell in line.row.cells.items():
        if isinstance(cell, str) and (reason := unkept(cell)):
            line.fault(column, f"{reason}, and cannot be kept", "Remove it from the file.", shown(cell))


def _repeated(sheet: Sheet) -> int:
    """How many lines are equal to an earlier one in every column."""
    counts = Counter(tuple(as_text(row.cells.get(c)) for c in sheet.columns) for row in sheet.rows if not row.faults)
    return sum(count - 1 for count in counts.values())
