"""One field of one line: taken from its column, constant or template, translated, and read as what it must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from application.register_import.mapping import PLACEHOLDER, FieldSource, OneOrMore
from application.register_import.notation import Misread, folded
from application.register_import.sheet import Fault, Row, as_text, shown

Value = TypeVar("Value")
Recognise = Callable[[str], Value]

_ELLIPSIS = "…"


class Line:
    """A row on its way to a promise; it collects every fault instead of stopping at the first."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.faults: list[Fault] = list(row.faults)

    def fault(self, column: str | None, reason: str, remedy: str, value: str | None = None) -> None:
        """Note what is wrong with a column of this line."""
        text = value if value is not None else shown(self.row.cells.get(column)) if column else ""
        self.faults.append(Fault(line=self.row.line, column=column, value=text, reason=reason, remedy=remedy))

    def many(self, field: FieldSource | None, recognise: Recognise[Value]) -> tuple[Value, ...]:
        """Every value of a field that may have several, each once; those that cannot be read are noted."""
        if field is None:
            return ()
        found: list[Value] = []
        for raw in self._raw(field):
            try:
                found += _recognised(field, raw, recognise)
            except Misread as problem:
                column = " and ".join(dict.fromkeys(field.columns)) or None
                self.fault(column, problem.reason, problem.remedy, shown(raw))
        return tuple(dict.fromkeys(found))

    def one(self, field: FieldSource | None, recognise: Recognise[Value]) -> Value | None:
        """The value of a field that has one at most; None where there is none or it cannot be read."""
        found = self.many(field, recognise)
        if len(found) > 1 and field is not None:
            self.fault(" and ".join(field.columns) or None, "gives more than one value", "Translate it to one value.")
        return found[0] if found else None

    def required(self, field: FieldSource, recognise: Recognise[Value], what: str) -> Value | None:
        """The value of a field that must have one; its absence is noted."""
        before = len(self.faults)
        value = self.one(field, recognise)
        if value is None and len(self.faults) == before:
            column = " and ".join(dict.fromkeys(field.columns)) or None
            self.fault(
                column, f"gives no {what}", f"Fill it in, or say what a blank means with `blank` for the {what}."
            )
        return value

    def text(self, field: FieldSource | None) -> str | None:
        """The text of a field, shortened as the mapping says."""
        found = self.many(field, _itself)
        if field is None or not found:
            return None
        return _shortened(", ".join(found), field)

    def _raw(self, field: FieldSource) -> tuple[str, ...]:
        """What the field says before translation; what `blank` says where that is nothing."""
        raws = self._given(field)
        if not any(raw.strip() for raw in raws):
            return _several(field.blank)
        if field.separator is None:
            return raws
        return tuple(part.strip() for raw in raws for part in raw.split(field.separator) if part.strip())

    def _given(self, field: FieldSource) -> tuple[str, ...]:
        if field.column is not None:
            return (as_text(self.row.cells.get(field.column)),)
        if field.template is not None:
            return (expand(field.template, self.row),)
        return _several(field.constant)


def expand(template: str, row: Row) -> str:
    """The template with the columns' texts put in; a line of it whose columns are all blank is left out."""
    kept = []
    for line in template.splitlines():
        texts = [as_text(row.cells.get(column)).strip() for column in PLACEHOLDER.findall(line)]
        if not texts or any(texts):
            filled = iter(texts)
            kept.append(PLACEHOLDER.sub(lambda _, filled=filled: next(filled), line))  # type: ignore[misc]
    return "\n".join(kept).strip()


def _recognised(field: FieldSource, raw: str, recognise: Recognise[Value]) -> list[Value]:
    translated = _translation(field, raw)
    if translated is not None:
        return [recognise(text) for text in translated]
    if field.otherwise is None:
        return [recognise(raw.strip())]
    otherwise = [recognise(text) for text in _several(field.otherwise)]
    try:
        # Every text is a text: there, whatever is not translated is something else.
        return otherwise if recognise is _itself else [recognise(raw.strip())]
    except Misread:
        return otherwise


def _translation(field: FieldSource, raw: str) -> tuple[str, ...] | None:
    """What the mapping translates the text to: the exact text first, then spaces and case apart."""
    if raw in field.values:
        return _several(field.values[raw])
    alike = (to for text, to in field.values.items() if folded(text) == folded(raw))
    found = next(alike, None)
    return None if found is None else _several(found)


def _several(given: OneOrMore | None) -> tuple[str, ...]:
    if given is None or given == "":
        return ()
    return (given,) if isinstance(given, str) else tuple(given)


def _shortened(text: str, field: FieldSource) -> str:
    if field.first_line:
        text = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if field.longest is not None and len(text) > field.longest:
        text = text[: field.longest - 1].rstrip() + _ELLIPSIS
    return text


def _itself(text: Any) -> str:
    return str(text)
