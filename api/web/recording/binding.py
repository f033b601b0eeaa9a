"""A form as it is shown: every field with what it holds, what can be chosen, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.languages.texts import Texts, message
from api.web.form_posts import Fields
from api.web.recording.amounts import quantity
from api.web.recording.complaints import Complaint
from api.web.recording.delivery_parts import RATE
from api.web.recording.documents import row_indices
from api.web.recording.options import Group, Option, options
from api.web.recording.parts import (
    AmountField,
    Field,
    Kind,
    Part,
    Rows,
    Section,
    TargetChanges,
)
from api.web.recording.subject import Subject
from domain.text import LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A complaint as it is shown: the sentence in the visitor's language, and the register's own words besides."""

    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundField:
    """A field with its values. `id` is that of its input; those of its hint and its complaints begin with it."""

    name: str
    id: str
    label: str
    hint: str
    kind: Kind
    values: Sequence[str]
    needed: bool = False
    complaints: Sequence[Said] = ()
    groups: Sequence[Group] = ()
    longest: int | None = None
    earliest: str = ""
    latest: str = ""
    beside: str = ""
    template: str = "field"

    @property
    def value(self) -> str:
        """What a field with one value holds."""
        return self.values[0] if self.values else ""

    @property
    def described_by(self) -> str:
        """The ids of what describes the input; empty where nothing does."""
        described = [f"{self.id}-hint"] if self.hint else []
        return " ".join([*described, *([f"{self.id}-error"] if self.complaints else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundGroup:
    """Parts that belong together. `rows` is the name of rows that another can be added to by the button `add`."""

    id: str
    label: str
    hint: str
    parts: Sequence[BoundPart]
    complaints: Sequence[Said] = ()
    folded: bool = False
    open: bool = False
    rows: str = ""
    add: str = ""
    template: str = "group"


BoundPart = BoundField | BoundGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """A complaint in the summary at the top, with where it leads."""

    label: str
    href: str
    said: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundForm:
    """A form, and the summary of what is wrong with it."""

    parts: Sequence[BoundPart]
    summary: Sequence[Summed] = field(default_factory=list)


def bind(
    parts: Iterable[Part],
    values: Fields | Mapping[str, list[str]],
    subject: Subject,
    texts: Texts,
    complaints: Sequence[Complaint] = (),
    more: str = "",
) -> BoundForm:
    """The form with these values; the rows called `more` have one more than before."""
    bound = list(_Binder(values, subject, texts, more).parts(parts, ""))
    return _with_complaints(bound, complaints, texts)


@dataclass(frozen=True, slots=True)
class _Binder:
    values: Mapping[str, list[str]]
    subject: Subject
    texts: Texts
    more: str

    def parts(self, parts: Iterable[Part], before: str) -> Iterator[BoundPart]:
        for part in parts:
            match part:
                case Field():
                    yield self.field(part, before)
                case AmountField():
                    yield from self.amount(part, before)
                case Section():
                    yield self.section(part, f"{before}{part.name}." if part.name else before)
                case Rows():
                    yield self.rows(part, f"{before}{part.name}")
                case TargetChanges():
                    yield self.changes(part)

    def field(self, part: Field, before: str) -> BoundField:
        say, name = self.texts.say, f"{before}{part.name}"
        hint = say(part.hint) if part.hint else ""
        announced = self.subject.seen.announced_on if self.subject.seen else None
        return BoundField(
            name=name,
            id=id_of(name),
            label=say(part.label),
            hint=f"{hint} {say(part.readers)}" if part.kind is Kind.TEXT else hint,
            kind=part.kind,
            values=self.values.get(name, []),
            needed=part.needed,
            groups=self._groups(part, name),
            longest=part.longest or (LONGEST if part.kind is Kind.TEXT else None),
            earliest=str(announced) if part.since_announcement and announced else "",
            latest=str(self.subject.today) if part.until_today else "",
        )

    def _groups(self, part: Field, name: str) -> Sequence[Group]:
        if not part.options:
            return ()
        groups = options(part.options, self.texts, self.subject)
        offered = {option.value for group in groups for option in group.options}
        # What was chosen stays chosen, though it may not be offered any more.
        lost = [Option(value, value) for value in self.values.get(name, []) if value and value not in offered]
        return [*groups, Group("", lost)] if lost else groups

    def amount(self, part: AmountField, before: str) -> Iterator[BoundPart]:
        name, say = f"{before}{part.name}", self.texts.say
        yield self.field(
            Field(name="amount", label=part.label, hint=part.hint, kind=Kind.NUMBER, needed=True), f"{name}."
        )
        currency = Field(
            name="currency",
            label=_CURRENCY,
            hint=part.currency_hint,
            kind=Kind.CHOICE,
            options="currency",
        )
        yield self.field(currency, f"{name}.")
        yield replace(self.section(RATE, f"{name}."), id=f"{id_of(name)}-rate", label=say(RATE.label))

    def section(self, part: Section, before: str) -> BoundGroup:
        bound = list(self.parts(part.parts, before))
        return BoundGroup(
            id=f"section-{id_of(before + part.label)}",
            label=self.texts.say(part.label),
            hint=self.texts.say(part.hint) if part.hint else "",
            parts=bound,
            folded=part.folded,
            open=any(one.value for one in _fields(bound)),
        )

    def rows(self, part: Rows, name: str) -> BoundGroup:
        say, known = self.texts.say, row_indices(self.values, name)
        count = max([part.blank, *(index + 1 for index in known)]) + (self.more == name)
        rows = [
            BoundGroup(
                id=f"{id_of(name)}-{index}",
                label=f"{say(part.one)} {self.texts.number(index + 1)}",
                hint="",
                parts=list(self.parts(part.parts, f"{name}.{index}.")),
                template="row",
            )
            for index in range(min(count, part.most))
        ]
        return BoundGroup(
            id=id_of(name),
            label=say(part.label),
            hint=say(part.hint) if part.hint else "",
            parts=rows,
            rows=name if len(rows) < part.most else "",
            add=say(part.add),
        )

    def changes(self, part: TargetChanges) -> BoundGroup:
        """Old and new side by side; where the pledge cannot be asked, at least what was typed."""
        rows: list[BoundPart] = []
        for index, target in enumerate(self.subject.targets):
            was = quantity(self.texts, target.value, target.measure)
            name = f"{part.name}.{index}.value"
            rows.append(
                BoundField(
                    name=name,
                    id=id_of(name),
                    label=f"{self.texts.label('measure', target.measure)} ({target.id})",
                    hint="",
                    kind=Kind.NUMBER,
                    values=self.values.get(name, []),
                    beside=was,
                    template="change",
                )
            )
        if not self.subject.seen:
            for index in row_indices(self.values, part.name):
                own = Field(name="value", label=part.label, kind=Kind.NUMBER)
                rows.append(self.field(own, f"{part.name}.{index}."))
        return BoundGroup(
            id=id_of(part.name),
            label=self.texts.say(part.label),
            hint=self.texts.say(part.hint),
            parts=rows,
            template="changes" if self.subject.seen else "group",
        )


_CURRENCY = message("Currency")


def id_of(name: str) -> str:
    """The id of the input of a field."""
    return "f-" + "".join(c if c.isalnum() else "-" for c in name)


def _fields(parts: Iterable[BoundPart]) -> Iterator[BoundField]:
    for part in parts:
        if isinstance(part, BoundField):
            yield part
        else:
            yield from _fields(part.parts)


def _groups(parts: Iterable[BoundPart]) -> Iterator[BoundGroup]:
    for part in parts:
        if isinstance(part, BoundGroup):
            yield part
            yield from _groups(part.parts)


def _with_complaints(parts: Sequence[BoundPart], complaints: Sequence[Complaint], texts: Texts) -> BoundForm:
    fields = {one.name: one for one in _fields(parts)}
    groups = {one.id: one for one in _groups(parts)}
    trails = dict(_trails(parts, ()))
    at: dict[str, list[Said]] = {}
    for complaint in complaints:
        place = _place(complaint.field, fields, groups)
        said = Said(text=texts.say(complaint.text), detail=complaint.detail)
        at.setdefault(place.id if place else "", []).append(said)
    places: dict[str, BoundPart] = {**groups, **{one.id: one for one in fields.values()}}
    summary = [
        Summed(label=" \u203a ".join(trail), href=f"#{_target_of(places[id])}", said=said)
        for id, trail in trails.items()
        for said in at.get(id, ())
    ]
    general = [Summed(label="", href="", said=said) for said in at.get("", ())]
    return BoundForm(parts=[_told(part, at) for part in parts], summary=[*general, *summary])


def _trails(parts: Iterable[BoundPart], rows: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """By id, what leads to each part, in the order of the page: the rows that it stands in, and its own label."""
    for part in parts:
        yield part.id, (*rows, part.label)
        if isinstance(part, BoundGroup):
            yield from _trails(part.parts, (*rows, part.label) if part.template == "row" else rows)


def _place(
    name: str, fields: Mapping[str, BoundField], groups: Mapping[str, BoundGroup]
) -> BoundField | BoundGroup | None:
    """The field, the first one inside of what is named, the rows of the name, or what is around it."""
    if not name:
        return None
    if name in fields:
        return fields[name]
    if id_of(name) in groups:
        return groups[id_of(name)]
    inside = next((one for key, one in fields.items() if key.startswith(f"{name}.")), None)
    return inside or _place(name.rpartition(".")[0], fields, groups)


def _target_of(place: BoundPart) -> str:
    """What the link leads to: an input that can be written in at once, where there is one."""
    if isinstance(place, BoundField) and place.kind in (Kind.RADIO, Kind.CHOICES, Kind.COUNTRIES):
        return f"{place.id}-0"
    return place.id


def _told(part: BoundPart, at: Mapping[str, list[Said]]) -> Any:
    said = at.get(part.id, [])
    if isinstance(part, BoundField):
        return replace(part, complaints=said) if said else part
    parts = [_told(one, at) for one in part.parts]
    wrong = any(one.complaints for one in _fields(parts))
    return replace(part, parts=parts, complaints=said, open=part.open or wrong)
